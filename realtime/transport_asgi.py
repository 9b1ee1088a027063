"""Carry one connection over an ASGI websocket: one task reads, one writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from realtime import codes
from realtime.codes import CloseCode
from realtime.connection import Connection
from realtime.tasks import Tasks

__all__ = ["AsgiTransport", "Message", "Receive", "Scope", "Send", "refuse"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AsgiTransport:
    """Pump messages between an accepted ASGI websocket and its connection.

    One message waits in ``send``; the others stay in the outbox, where they are bounded and may be
    dropped. ``abort`` only ends this side's work: ASGI cannot abort a socket.
    """

    name: str = "asgi"

    def __init__(self, receive: Receive, send: Send, tasks: Tasks) -> None:
        self._receive = receive
        self._send = send
        self._tasks = tasks
        self._ready = asyncio.Event()
        self._readable = asyncio.Event()
        self._readable.set()
        self._close: CloseCode | None = None
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None

    async def run(self, connection: Connection) -> None:
        """Serve the connection until either side ends it."""
        self._writer = self._tasks.spawn(self._write(connection), quiet=True)
        self._reader = self._tasks.spawn(self._read(connection))
        try:
            await asyncio.wait({self._reader, self._writer}, return_when=asyncio.FIRST_COMPLETED)
            if self._close is not None and not self._reader.done():
                # The close frame is out; the peer answers it, or ``abort`` ends the waiting.
                await asyncio.wait({self._reader})
        finally:
            connection.lost()
            self._reader.cancel()
            self._writer.cancel()

    def wake(self) -> None:
        """Have the writer look at the outbox."""
        self._ready.set()

    def close(self, code: CloseCode) -> None:
        """Have the writer close the socket after what still waits."""
        self._close = code
        self._ready.set()

    def abort(self) -> None:
        """End both tasks; whatever waits is lost."""
        for task in (self._reader, self._writer):
            if task is not None:
                task.cancel()

    def pause(self) -> None:
        """Have the reader wait."""
        self._readable.clear()

    def resume(self) -> None:
        """Have the reader go on."""
        self._readable.set()

    async def _read(self, connection: Connection) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            text, data = message.get("text"), message.get("bytes")
            if text is not None and connection.encoding.text:
                connection.receive(text.encode())
            elif data is not None and not connection.encoding.text:
                connection.receive(data)
            else:
                connection.close(codes.UNSUPPORTED_DATA)
            await self._readable.wait()

    async def _write(self, connection: Connection) -> None:
        while True:
            await self._ready.wait()
            self._ready.clear()
            while (message := connection.take()) is not None:
                connection.blocked()
                if connection.encoding.text:
                    await self._send({"type": "websocket.send", "text": message.decode()})
                else:
                    await self._send({"type": "websocket.send", "bytes": message})
                connection.sent()
            if self._close is not None and not connection.outbox:
                code = self._close
                await self._send(
                    {"type": "websocket.close", "code": code.code, "reason": code.reason}
                )
                return


async def refuse(
    scope: Scope, receive: Receive, send: Send, status: int, text: str, retry_after_s: int = 0
) -> None:
    """Answer a handshake with an HTTP status; a server that cannot answers 403."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if retry_after_s:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": text.encode()})
