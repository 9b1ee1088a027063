"""Read how a TCP connection begins, and send a handshake straight through the socket's door."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
from uvicorn.protocols.utils import is_ssl

from http_api.handshake import handshake_fault
from http_api.http_protocol import HttpProtocol
from http_api.refusals import Malformed
from http_api.request_head import refuse_ambiguous
from http_api.socket_door import DOOR, SOCKET_PATH

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from http_api.socket_door import SocketDoor

__all__ = ["Doorstep"]

_BEGIN: Final = b"GET %b HTTP/1.1\r\n" % SOCKET_PATH.encode()
_END: Final = b"\r\n\r\n"


class Doorstep(asyncio.Protocol):
    """Hold a new connection until its first bytes are there.

    If these are a handshake, whole, without a query and without a fault, the replica takes the
    transport over. Whatever else they are, ``HttpProtocol`` reads them from the first byte on: it
    comes to the same for every handshake, but what it makes ready for any request costs a fifth of
    a join.
    """

    __slots__ = ("_app_state", "_config", "_loop", "_server_state", "_transport")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._loop = _loop
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first bytes."""
        self._transport = transport
        cast("set[Any]", self._server_state.connections).add(self)

    def data_received(self, data: bytes) -> None:
        """Hand the connection over to who will serve it."""
        transport = self._transport
        sockets = cast("set[Any]", self._server_state.connections)
        sockets.discard(self)
        door: SocketDoor | None = self._app_state.get(DOOR)
        if door is not None and data.startswith(_BEGIN) and data.endswith(_END):
            headers = _handshake(door, data, transport)
            if headers is not None:
                door.open(headers, transport, sockets)
                return
        protocol = HttpProtocol(self._config, self._server_state, self._app_state, self._loop)
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        protocol.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the peer went without a word."""
        cast("set[Any]", self._server_state.connections).discard(self)

    def shutdown(self) -> None:
        """End with the server (uvicorn calls this for each of its connections)."""
        self._transport.close()


class _Head:
    """Collect what httptools finds in the head of one request."""

    __slots__ = ("complete", "headers")

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self.complete = True


def _handshake(
    door: SocketDoor, data: bytes, transport: asyncio.Transport
) -> list[tuple[bytes, bytes]] | None:
    """Give the header fields of a handshake that has no fault; None: it is none, or has one."""
    head = _Head()
    parser = httptools.HttpRequestParser(head)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade as upgrade:
        if not head.complete or upgrade.args[0] != len(data):
            return None  # more than one head, and none of our business what
    except httptools.HttpParserError:
        return None
    else:
        return None
    headers = head.headers
    if handshake_fault("GET", "1.1", headers) is not None:
        return None
    scheme = "https" if is_ssl(transport) else "http"
    scope = {"headers": headers, "http_version": "1.1", "scheme": scheme, "type": "http"}
    try:
        refuse_ambiguous(scope)
    except Malformed:
        return None
    return headers if door.fault(scope) is None else None
