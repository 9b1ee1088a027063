"""A connection to Redis that loses what it is told to lose."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator

_MESSAGE = b"*3\r\n$7\r\nmessage\r\n"
_PUBLISH = b"\r\n$7\r\nPUBLISH\r\n"


class RedisProxy:
    """Stand between one replica and Redis (RESP 2), on a port of its own, in a thread of its own.

    ``lose_one_in``: of so many messages to subscribers one is dropped, at a random place among
    them; 0: none. ``deaf``: what the replica sends is taken and goes nowhere. Both may be set at
    any time. ``lost`` counts the messages dropped, ``swallowed`` the publications that went
    nowhere.
    """

    def __init__(self, redis_port: int, rng: random.Random) -> None:
        self.lose_one_in = 0
        self.deaf = False
        self.lost = 0
        self.swallowed = 0
        self.port = 0
        self._redis_port = redis_port
        self._rng = rng
        self._seen = 0
        self._doomed = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    @property
    def url(self) -> str:
        """The address to give to a replica."""
        return f"redis://127.0.0.1:{self.port}/0"

    def close(self) -> None:
        """Cut every connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        redis_writer = None
        with contextlib.suppress(OSError, asyncio.CancelledError):
            redis_reader, redis_writer = await asyncio.open_connection(
                "127.0.0.1", self._redis_port
            )
            ways = [
                asyncio.ensure_future(self._to_redis(reader, redis_writer)),
                asyncio.ensure_future(self._to_replica(redis_reader, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        for each in (writer, redis_writer):
            if each is not None:
                each.transport.abort()

    async def _to_redis(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            if self.deaf:
                self.swallowed += chunk.count(_PUBLISH)
            else:
                writer.write(chunk)
                await writer.drain()

    async def _to_replica(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = b""
        while chunk := await reader.read(65_536):
            held += chunk
            values, held = _values(held)
            for value in values:
                if not self._loses(value):
                    writer.write(value)
            await writer.drain()

    def _loses(self, value: bytes) -> bool:
        if not self.lose_one_in or not value.startswith(_MESSAGE):
            return False
        if self._seen % self.lose_one_in == 0:
            self._doomed = self._seen + self._rng.randrange(self.lose_one_in)
        self._seen += 1
        if self._seen - 1 != self._doomed:
            return False
        self.lost += 1
        return True


def _values(held: bytes) -> tuple[list[bytes], bytes]:
    """Split RESP bytes into whole values and the rest."""
    values = []
    start = 0
    with contextlib.suppress(IndexError):
        while start < len(held):
            end = _end(held, start)
            values.append(held[start:end])
            start = end
    return values, held[start:]


def _end(held: bytes, start: int) -> int:
    """Give where the value at ``start`` ends; raise IndexError when it is not whole yet."""
    line = held.find(b"\r\n", start)
    if line < 0:
        raise IndexError
    kind, size, end = held[start : start + 1], held[start + 1 : line], line + 2
    if kind == b"$" and int(size) >= 0:
        end += int(size) + 2
        if end > len(held):
            raise IndexError
    elif kind == b"*":
        for _ in _times(size):
            end = _end(held, end)
    return end


def _times(size: bytes) -> Iterator[int]:
    return iter(range(max(0, int(size))))
