"""Publish to Redis from a bounded queue, so that whoever publishes never waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog
from redis.asyncio import ConnectionPool

from realtime.clock import Clock
from realtime.redis_link import LINK_ERRORS, open_link

__all__ = ["RedisPublisher"]

_log = structlog.get_logger("lockstep.realtime")

_BATCH: Final = 256
_WAITING_BYTES: Final = 32 * 1024 * 1024  # commands of streams may have 256 KiB each
_ANSWER_S: Final = 2.0
_BACK_OFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)


class RedisPublisher:
    """Hold what is to be published; ``run`` carries it to Redis, in order, many in one write.

    Beyond ``limit`` waiting messages or 32 MiB, and while there is no connection, messages are
    dropped: a late message is worth nothing, the log has the entries. ``word`` is the command;
    ``failed`` is called when Redis does not take it.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        clock: Clock,
        limit: int = 10_000,
        *,
        word: str = "PUBLISH",
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.dropped = 0
        self._pool = pool
        self._clock = clock
        self._limit = limit
        self._word = word
        self._failed = failed
        self._queue: deque[tuple[str, bytes]] = deque()
        self._waiting = 0  # bytes in the queue
        self._filled = asyncio.Event()
        self._connected = False

    def put(self, channel: str, payload: bytes) -> bool:
        """Queue a message, or drop it (False); returns at once."""
        full = len(self._queue) >= self._limit or self._waiting + len(payload) > _WAITING_BYTES
        if full or not self._connected:
            self.dropped += 1
            return False
        self._queue.append((channel, payload))
        self._waiting += len(payload)
        self._filled.set()
        return True

    async def run(self) -> None:
        """Publish for ever, over one connection after the other."""
        failures = 0
        while True:
            try:
                async with open_link(self._pool) as link:
                    self._connected = True
                    failures = 0
                    while True:
                        await self._filled.wait()
                        self._filled.clear()
                        while self._queue:
                            count = min(len(self._queue), _BATCH)
                            batch = [self._queue.popleft() for _ in range(count)]
                            self._waiting -= sum(len(payload) for _, payload in batch)
                            await link.call([(self._word, *one) for one in batch], _ANSWER_S)
            except LINK_ERRORS as error:
                _log.debug("bus_publisher_lost", error=repr(error))
                self._failed()
            finally:
                self._connected = False
                self.dropped += len(self._queue)
                self._queue.clear()
                self._waiting = 0
            await self._clock.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            failures += 1

    async def flush(self, timeout_s: float) -> None:
        """Wait until nothing is queued any more, at most ``timeout_s`` seconds."""
        step_s = 0.01
        while self._queue and self._connected and timeout_s > 0:
            await self._clock.sleep(step_s)
            timeout_s -= step_s
