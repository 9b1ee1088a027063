"""Carry what one connection is sent over the answer to an HTTP request, a line for each message."""

from __future__ import annotations

import asyncio
from typing import Final

import orjson

from realtime.codes import CloseCode
from realtime.connection import Connection
from realtime.tasks import Tasks
from realtime.transport_asgi import Receive, Scope, Send

__all__ = ["ABORT", "STREAM_TYPE", "StreamTransport"]

ABORT: Final = "lockstep.abort"
"""The scope's extension by which a server lets an answer be cut: ``{"call": a function}``."""

STREAM_TYPE: Final = "application/x-ndjson"
"""What the answer is: nothing that anyone compresses, or waits for the end of."""

_HEADERS: Final = [
    (b"content-type", STREAM_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # for proxies that would otherwise collect the lines
]


class StreamTransport:
    """Write messages as lines of an answer that lasts as long as the connection.

    One message waits in ``send``; the others stay in the outbox, where they are bounded and may be
    dropped. The last line is a push that says why the server ends. JSON only. What is sent to a
    client that stopped reading can be thrown away only by a server with the extension ``ABORT``;
    on another one ``abort`` ends this side's work, and the server keeps what it has.
    """

    name: str = "http_stream"

    def __init__(self, scope: Scope, receive: Receive, send: Send, tasks: Tasks) -> None:
        self._abort = scope.get("extensions", {}).get(ABORT, {}).get("call")
        self._receive = receive
        self._send = send
        self._tasks = tasks
        self._ready = asyncio.Event()
        self._close: CloseCode | None = None
        self._running: tuple[asyncio.Task[None], ...] = ()

    async def run(self, connection: Connection, first: bytes) -> None:
        """Serve the connection until either side ends it; ``first`` is the request's body.

        Whatever ends it, cancelling included, the connection is lost afterwards.
        """
        self._running = (
            self._tasks.spawn(self._write(connection), quiet=True),
            self._tasks.spawn(self._watch()),
        )
        try:
            connection.receive(first)
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            connection.lost()
            self._end()

    def wake(self) -> None:
        """Have the writer look at the outbox."""
        self._ready.set()

    def close(self, code: CloseCode) -> None:
        """Have the writer say why after what still waits, and end the answer."""
        self._close = code
        self._ready.set()

    def abort(self) -> None:
        """End the answer where it is; whatever waits is lost."""
        if self._abort is None:
            self._end()
        else:
            self._abort()  # the server then says that the client is gone

    def _end(self) -> None:
        for task in self._running:
            task.cancel()

    def pause(self) -> None:
        """Do nothing: a request was read whole, and the session bounds what waits."""

    def resume(self) -> None:
        """Do nothing (see ``pause``)."""

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _write(self, connection: Connection) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        while True:
            await self._ready.wait()
            self._ready.clear()
            while (message := connection.take()) is not None:
                connection.blocked()
                await self._line(message, more=True)
                connection.sent()
            if self._close is not None and not connection.outbox:
                code, reason = self._close.code, self._close.reason
                push = {"push": {"disconnect": {"code": code, "reason": reason}}}
                await self._line(orjson.dumps(push), more=False)
                return

    async def _line(self, message: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": message + b"\n", "more_body": more})
