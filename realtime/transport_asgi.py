"""Carry one connection over an ASGI websocket: one task reads, one writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

from realtime import codes
from realtime.codes import CloseCode
from realtime.connection import Connection
from realtime.tasks import Tasks

__all__ = ["EXTENSION", "AsgiTransport", "Message", "Receive", "Scope", "Send", "Wire", "refuse"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EXTENSION: Final = "lockstep.transport"
"""Where a server puts its ``Wire`` into the ``extensions`` of the scope."""

_PAUSE_S: Final = 0.05  # between looks at a client that sends faster than it is answered


class Wire(Protocol):
    """Be the sight of the socket itself that ASGI does not give."""

    full: bool
    """More waits for the kernel than should: write nothing until ``on_room`` is called."""
    on_room: Callable[[], None]

    @property
    def unsent(self) -> int:
        """Count the bytes that were written and that the kernel has not taken."""

    def abort(self) -> None:
        """End the connection now, whatever the peer does; harmless when it has ended."""


class AsgiTransport:
    """Pump messages between an accepted ASGI websocket and its connection.

    With a ``wire`` a message is taken only when the socket has room, so that what waits stays in
    the outbox, where it is bounded and may be dropped. Without (any ASGI server) one message waits
    in ``send``, and ``abort`` only ends this side's work: ASGI cannot abort a socket.
    """

    def __init__(
        self, receive: Receive, send: Send, tasks: Tasks, wire: Wire | None = None
    ) -> None:
        self._receive = receive
        self._send = send
        self._tasks = tasks
        self._wire = wire or _Unseen()
        self._ready = asyncio.Event()
        self._close: CloseCode | None = None
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None

    async def run(self, connection: Connection) -> None:
        """Serve the connection until either side ends it."""
        self._wire.on_room = self._ready.set
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
        """End the socket and both tasks; whatever waits is lost."""
        self._wire.abort()
        for task in (self._reader, self._writer):
            if task is not None:
                task.cancel()

    async def _read(self, connection: Connection) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                connection.close(codes.UNSUPPORTED_DATA)
            else:
                connection.receive(text.encode())
            while connection.congested:  # noqa: ASYNC110 - rare; an event a socket costs more
                await asyncio.sleep(_PAUSE_S)

    async def _write(self, connection: Connection) -> None:
        wire = self._wire
        blocked = False
        while True:
            await self._ready.wait()
            self._ready.clear()
            if blocked and not wire.full:
                blocked = False
                connection.sent()
            while not wire.full and (frame := connection.take()) is not None:
                await self._send({"type": "websocket.send", "text": frame.decode()})
                connection.sent()
            if wire.full and not blocked:
                blocked = True
                connection.blocked()
            if self._close is not None and not connection.outbox:
                code = self._close
                await self._send(
                    {"type": "websocket.close", "code": code.code, "reason": code.reason}
                )
                return


class _Unseen:
    """Stand in for the wire where the server gives no sight of it."""

    full = False
    unsent = 0
    on_room: Callable[[], None]

    def abort(self) -> None:
        """Leave the socket to the server."""


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
