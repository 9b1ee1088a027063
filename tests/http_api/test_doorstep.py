"""How connections begin: what the doorstep takes itself, and what it hands on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from http_api.doorstep import Doorstep
from http_api.http_protocol import HttpProtocol
from http_api.socket_door import DOOR, SOCKET_PATH
from store.errors import Unavailable

FIELDS = (
    b"Host: lockstep.example",
    b"Connection: keep-alive, Upgrade",
    b"Upgrade: WebSocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)
HANDSHAKE = b"".join(
    b"%b\r\n" % line for line in (b"GET %b HTTP/1.1" % SOCKET_PATH.encode(), *FIELDS)
)


class _Transport(asyncio.Transport):
    """Note what becomes of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: Any = None
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def close(self) -> None:
        self.closed = True


class _Door:
    """Open for everyone, or for nobody."""

    def __init__(self) -> None:
        self.refusal: Unavailable | None = None
        self.opened: list[dict[bytes, bytes]] = []

    def fault(self, scope: Any) -> Unavailable | None:
        assert scope["scheme"] == "http"
        return self.refusal

    def open(self, headers: Any, transport: _Transport, sockets: set[Any]) -> None:
        assert sockets == set()
        transport.protocol = self
        self.opened.append(dict(headers))


class _Server:
    """Hold a server's parts, and one new connection."""

    def __init__(self) -> None:
        self.door = _Door()
        self.state = ServerState()
        self.transport = _Transport()
        config = uvicorn.Config(_nothing, interface="asgi3", log_config=None)
        config.load()
        self.step = Doorstep(config, self.state, {DOOR: self.door})
        self.transport.protocol = self.step
        self.step.connection_made(self.transport)


async def _nothing(scope: object, receive: object, send: object) -> None:
    """Be an app."""


@pytest.fixture
async def server() -> _Server:
    """Give a server to which somebody has connected."""
    return _Server()


async def test_a_whole_handshake_goes_straight_through_the_door(server: _Server) -> None:
    """With its fields, and without the server's own protocol for requests."""
    server.step.data_received(HANDSHAKE + b"\r\n")
    assert server.transport.protocol is server.door
    (fields,) = server.door.opened
    assert fields[b"sec-websocket-key"] == b"AAAAAAAAAAAAAAAAAAAAAA=="
    assert fields[b"host"] == b"lockstep.example"


@pytest.mark.parametrize(
    "data",
    [
        b"G",
        HANDSHAKE,
        HANDSHAKE + b"\r\n\x81",
        HANDSHAKE + b"\r\nGET / HTTP/1.1\r\n\r\n",
        HANDSHAKE + b"Host: twice.example\r\n\r\n",
        HANDSHAKE + b"Origin: https://a.example\r\nOrigin: https://b.example\r\n\r\n",
        HANDSHAKE + b"Broken\r\n\r\n",
        HANDSHAKE.replace(b"13", b"12") + b"\r\n",
        HANDSHAKE.replace(b" HTTP", b"?a=b HTTP") + b"\r\n",
        HANDSHAKE.replace(b"GET", b"POST") + b"\r\n",
        HANDSHAKE.replace(b"lockstep.example", b"a@b") + b"\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: lockstep.example\r\n\r\n",
    ],
)
async def test_anything_else_is_read_from_the_first_byte_on(server: _Server, data: bytes) -> None:
    """By the protocol that reads all requests, which then has the connection."""
    seen: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpProtocol, "data_received", lambda _, data: seen.append(data))
        server.step.data_received(data)
    assert isinstance(server.transport.protocol, HttpProtocol)
    assert list(server.state.connections) == [server.transport.protocol]
    assert seen == [data]
    assert not server.door.opened


async def test_who_is_refused_is_answered_like_a_request(server: _Server) -> None:
    """So that the refusal is a problem with a request id."""
    server.door.refusal = Unavailable("Full.")
    server.step.data_received(HANDSHAKE + b"\r\n")
    assert isinstance(server.transport.protocol, HttpProtocol)
    assert not server.door.opened


async def test_who_says_nothing_leaves_nothing_behind(server: _Server) -> None:
    """The server knows of the connection, closes it at its end, and forgets it."""
    known: list[object] = list(server.state.connections)
    assert known == [server.step]
    server.step.shutdown()
    assert server.transport.closed
    server.step.connection_lost(None)
    assert not server.state.connections
