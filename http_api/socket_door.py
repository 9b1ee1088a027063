"""Stand before the socket: a handshake of a foreign page, or none at all, goes no further."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog
from starlette.datastructures import Headers
from starlette.websockets import WebSocket

from http_api.handshake import handshake_fault
from http_api.problems import problem_response
from http_api.refusals import CrossSite, Malformed, UpgradeRequired
from http_api.request_id import request_id_in
from http_api.trail import trail_of
from store.errors import LockstepError, NotFound, Unavailable

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from http_api.services import Services

__all__ = ["SOCKET_PATH", "SocketDoor", "refuse_socket"]

SOCKET_PATH: Final = "/connection/websocket"

log = structlog.get_logger("lockstep.http")


class SocketDoor:
    """Check a handshake's origin and hand the socket to the replica.

    The origin must be on the list exactly; none is a native client and fine, because no cookie is
    ever read on the socket. What is no handshake comes as plain HTTP and is told what is wrong:
    426, a method that cannot be a handshake 405, broken fields 400.
    """

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a handshake through to the replica, or answer what is wrong with it."""
        if scope["type"] == "http":
            trail_of(scope).route = SOCKET_PATH
            fault = handshake_fault(scope["method"], scope["http_version"], scope["headers"])
            raise fault or UpgradeRequired("This server does not speak WebSocket.")
        try:
            services = self._services()
            _check_origin(scope, services)
            _check_subprotocol(scope)
            if not services.replica.serving:
                raise Unavailable("This server is stopping; another takes over.")
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


def _check_subprotocol(scope: Scope) -> None:
    asked = scope.get("subprotocols", ())
    if "centrifuge-protobuf" in asked and "centrifuge-json" not in asked:
        message = "Only JSON is spoken here: leave out the subprotocol, or ask for centrifuge-json."
        raise Malformed(message)


async def refuse_socket(
    refusal: LockstepError | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a handshake with a problem instead of an upgrade; None: there is nothing here."""
    socket = WebSocket(scope, receive, send)
    await socket.receive()  # the handshake itself
    request_id = request_id_in(scope["headers"])
    response = problem_response(refusal or NotFound(), request_id)
    response.headers["X-Request-ID"] = request_id
    await socket.send_denial_response(response)
