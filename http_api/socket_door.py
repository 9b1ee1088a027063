"""Stand before the socket: a handshake of a foreign page, or none at all, goes no further."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import structlog
from starlette.datastructures import Headers
from starlette.websockets import WebSocket
from websockets.utils import accept_key

from http_api.handshake import handshake_fault
from http_api.problems import problem_response
from http_api.refusals import CrossSite, UpgradeRequired
from http_api.request_id import request_id_in
from http_api.trail import trail_of
from realtime.subprotocol import choose
from store.errors import LockstepError, NotFound, Unavailable

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope, Send

    from http_api.services import Services
    from realtime.replica import Replica

__all__ = ["DOOR", "SOCKET_PATH", "STREAM_PATH", "SocketDoor", "refuse_socket", "unwilling"]

SOCKET_PATH: Final = "/connection/websocket"
STREAM_PATH: Final = "/connection/http_stream"

DOOR: Final = "lockstep.door"
"""Where the server's HTTP protocol finds the door, in the state of the lifespan."""

Headings = Iterable[tuple[bytes, bytes]]

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
        refusal = self.fault(scope)
        if isinstance(refusal, CrossSite):
            log.info("socket_refused", origin=Headers(scope=scope).get("origin"))
        if scope["type"] == "http":
            trail_of(scope).route = SOCKET_PATH
            fault = handshake_fault(scope["method"], scope["http_version"], scope["headers"])
            raise fault or refusal or UpgradeRequired("This server does not speak WebSocket.")
        if refusal is not None:
            await refuse_socket(refusal, scope, receive, send)
        else:
            await self._services().replica.websocket(scope, receive, send)

    def fault(self, scope: Scope) -> LockstepError | None:
        """Say why this handshake is refused; None: it may open a socket."""
        try:
            services = self._services()
        except LockstepError as refusal:
            return refusal
        origin = host = None
        for name, value in scope["headers"]:
            if name == b"origin" and origin is None:
                origin = value.decode("latin-1")
            elif name == b"host" and host is None:
                host = value.decode("latin-1")
        if not services.origins.allows(origin, scope["scheme"], host):
            return CrossSite("Pages of this origin may not connect.")
        return unwilling(services.replica)

    def open(self, headers: Headings, transport: asyncio.Transport, sockets: set[Any]) -> None:
        """Answer a handshake that has no fault, and let the replica serve the socket.

        ``sockets``: the server's open connections. RFC 6455 section 4.2.2.
        """
        key, asked = b"", set[str]()
        for name, value in headers:
            if name == b"sec-websocket-key":
                key = value
            elif name == b"sec-websocket-protocol":
                asked.update(token.strip() for token in value.decode("latin-1").split(","))
        encoding, protocol = choose(asked)
        transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n%b\r\n"
            % (
                accept_key(key.decode()).encode(),
                b"" if protocol is None else b"Sec-WebSocket-Protocol: %b\r\n" % protocol.encode(),
            )
        )
        self._services().replica.adopt(transport, sockets, encoding)


def unwilling(replica: Replica) -> Unavailable | None:
    """Say why a replica lets no further connection in; None: it does."""
    if not replica.serving:
        return Unavailable("This server is stopping; another takes over.")
    if replica.is_late:
        return Unavailable("This server has more to do than it can; try again shortly.")
    return None


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
