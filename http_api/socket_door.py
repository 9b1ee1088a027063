"""Stand before the socket: a handshake of a foreign page, or none at all, goes no further."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.websockets import WebSocket

from http_api.problems import problem_response
from http_api.refusals import CrossSite, MethodNotAllowed, UpgradeRequired
from http_api.trail import trail_of
from store.errors import LockstepError, NotFound

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from http_api.services import Services

__all__ = ["SOCKET_PATH", "SocketDoor", "refuse_socket"]

SOCKET_PATH: Final = "/connection/websocket"

log = structlog.get_logger("lockstep.http")


class SocketDoor:
    """Check a handshake's origin and hand the socket to the replica.

    The origin must be on the list exactly; none is a native client and fine, because no cookie is
    ever read on the socket. Plain HTTP gets 426, a method that cannot be a handshake 405.
    """

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a handshake through to the replica, or answer what is wrong with it."""
        if scope["type"] == "http":
            trail_of(scope).route = SOCKET_PATH
            if scope["method"] != "GET":
                raise MethodNotAllowed(["GET"])
            raise UpgradeRequired(
                "Speak WebSocket here: the Centrifugo client protocol, version 2."
            )
        try:
            services = self._services()
            _check_origin(scope, services)
        except LockstepError as refusal:
            await refuse_socket(refusal, scope, receive, send)
        else:
            await services.replica.websocket(scope, receive, send)


def _check_origin(scope: Scope, services: Services) -> None:
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if not services.origins.allows(origin, scope["scheme"], headers.get("host")):
        log.info("socket_refused", origin=origin)
        raise CrossSite("Pages of this origin may not connect.")


async def refuse_socket(
    refusal: LockstepError | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a handshake with a problem instead of an upgrade; None: there is nothing here."""
    socket = WebSocket(scope, receive, send)
    await socket.receive()  # the handshake itself
    await socket.send_denial_response(problem_response(refusal or NotFound(), uuid4().hex))
