"""One socket of the Centrifugo client protocol, cheap enough to hold many of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

import orjson
from websockets.client import ClientProtocol
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from bench.frames import PING, FrameReader, text_frame

__all__ = ["SocketClient"]

_OPEN_S = 10.0


class SocketClient(asyncio.Protocol):
    """Hold one connection.

    ``record``: while it is a list, what comes in is stamped (nanoseconds since 1970), kept and not
    looked at, so that one socket's work does not delay the stamps of the next. ``on_message`` gets
    every other message, except replies that somebody waits for.
    """

    def __init__(self, url: str) -> None:
        self.record: list[tuple[int, bytes]] | None = None
        self.on_message: Callable[[bytes], None] = lambda _message: None
        self._url = url
        self._handshake: ClientProtocol | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = FrameReader()
        self._replies: dict[int, asyncio.Future[bytes]] = {}
        self._next = 0
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, url: str, token: str) -> SocketClient:
        """Connect and authenticate; raises ConnectionError when refused, TimeoutError when late."""
        loop = asyncio.get_running_loop()
        uri = parse_uri(url)
        _, client = await loop.create_connection(lambda: cls(url), uri.host, uri.port)
        async with asyncio.timeout(_OPEN_S):
            await client.opened
            await client.ask({"connect": {"token": token}})
        return client

    async def subscribe(self, channel: str, **fields: Any) -> Any:
        """Follow a channel; give the reply's ``subscribe``."""
        reply = await self.ask({"subscribe": {"channel": channel, **fields}})
        return reply["subscribe"]

    async def ask(self, command: dict[str, Any]) -> Any:
        """Send a command; give its reply. Raises ConnectionError for an error reply."""
        reply = orjson.loads(await self.send(orjson.dumps(command)))
        if "error" in reply:
            raise ConnectionError(f"{command}: {reply['error']}")
        return reply

    def send(self, command: bytes) -> asyncio.Future[bytes]:
        """Send an encoded command without id; the future is its reply, not decoded."""
        self._next += 1
        reply = asyncio.get_running_loop().create_future()
        self._replies[self._next] = reply
        self._write(text_frame(b'{"id":%d,%b' % (self._next, command[1:])))
        return reply

    def close(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        protocol = Subprotocol("centrifuge-json")
        self._handshake = ClientProtocol(parse_uri(self._url), subprotocols=[protocol])
        self._handshake.send_request(self._handshake.connect())
        self._write(b"".join(self._handshake.data_to_send()))

    def data_received(self, data: bytes) -> None:
        """Take bytes: keep them, or hand them out as messages."""
        if self.record is not None:
            self.record.append((time.time_ns(), data))
            if data.endswith(PING):
                self._write(text_frame(b"{}"))
            return
        if self._handshake is not None:
            self._open(data)
            return
        for message in self._reader.feed(data):
            self._take(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell those who wait."""
        waiting: list[asyncio.Future[Any]] = [self.opened, *self._replies.values()]
        for each in waiting:
            if not each.done():
                each.set_exception(exc or ConnectionError("the server closed the socket"))

    def _open(self, data: bytes) -> None:
        assert self._handshake is not None
        self._handshake.receive_data(data)
        if self._handshake.state is OPEN:
            self._handshake = None
            self.opened.set_result(None)
        elif self._handshake.handshake_exc is not None:
            self.opened.set_exception(self._handshake.handshake_exc)

    def _take(self, message: bytes) -> None:
        if message.startswith(b'{"id":'):
            reply = self._replies.pop(int(message[6 : message.index(b",", 6)]), None)
            if reply is not None and not reply.done():
                reply.set_result(message)
                return
        if message == b"{}":
            self._write(text_frame(b"{}"))
            return
        self.on_message(message)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)
