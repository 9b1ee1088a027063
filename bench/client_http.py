"""One kept-alive HTTP/1.1 connection, cheap enough not to be the limit."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import orjson

__all__ = ["HttpClient", "post"]

_LENGTH = b"content-length: "


def post(path: str, token: str, op: str, body: bytes) -> bytes:
    """Write out a POST of JSON, with an access token and an operation id."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: lockstep.example\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {op}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class HttpClient(asyncio.Protocol):
    """Hold one connection, for one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._held = b""
        self._needed = 0

    @classmethod
    async def open(cls, host: str, port: int) -> HttpClient:
        """Connect."""
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(cls, host, port)
        return client

    def send(self, request: bytes) -> asyncio.Future[bytes]:
        """Send a request; the future is the body of its 2xx answer.

        It fails with ConnectionError for any other answer.
        """
        if self._answer is not None:
            raise RuntimeError("the last request is not answered yet")
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    async def ask(self, request: bytes) -> Any:
        """Send a request; give the decoded answer."""
        return orjson.loads(await self.send(request))

    def close(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        """Take bytes until the answer is whole."""
        held = self._held = self._held + data if self._held else data
        if not self._needed:
            end = held.find(b"\r\n\r\n")
            if end < 0:
                return
            at = held.lower().find(_LENGTH, 0, end)
            size = int(held[at + len(_LENGTH) : held.index(b"\r", at)]) if at >= 0 else 0
            self._needed = end + 4 + size
        if len(held) < self._needed:
            return
        answer, self._answer = self._answer, None
        self._held, self._needed = b"", 0
        if answer is None or answer.done():
            return
        if held[9:10] == b"2":
            answer.set_result(held[held.index(b"\r\n\r\n") + 4 :])
        else:
            answer.set_exception(ConnectionError(held.decode(errors="replace")))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the one who waits."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server closed the connection"))
