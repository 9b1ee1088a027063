"""Let everyone ask, and nobody so much that others wait for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from store.errors import GraphUnavailable, TooMany

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["Turns"]

T = TypeVar("T")

# A page asks three things at once, and someone may have a second one open.
_EACH: Final = 4
# Fewer than there are connections to Neo4j (16): nobody waits for one of those.
_IN_ALL: Final = 12
_PATIENCE_S: Final = 2.0
_SOON_S: Final = 1


@dataclass(slots=True, eq=False)
class _Shared(Generic[T]):
    """Hold one piece of work, and how many wait for what comes of it."""

    task: asyncio.Task[T]
    waiting: int = 0


@dataclass(slots=True, eq=False)
class _Seats:
    """Hold one asker's turns, for as long as there is anyone who wants one."""

    free: asyncio.Semaphore
    wanted: int = 0


class Turns:
    """Give turns, first come, first served: ``each`` asker so many at a time, ``in_all`` so many.

    ``patience_s`` seconds at most somebody waits for a turn; None: for as long as they like.
    """

    def __init__(
        self,
        *,
        each: int = _EACH,
        in_all: int = _IN_ALL,
        patience_s: float | None = _PATIENCE_S,
    ) -> None:
        self._each = each
        self._patience_s = patience_s
        self._free = asyncio.Semaphore(in_all)
        self._askers: dict[UUID, _Seats] = {}
        self._next: dict[Hashable, _Shared[Any]] = {}
        self._running: dict[Hashable, asyncio.Task[Any]] = {}

    async def share(self, asker: UUID, question: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Do ``work`` in the asker's turn, or share what comes of it with the same question.

        Only with one that has not begun yet: so whatever was written or forbidden before this call
        counts. The same question never runs twice at a time, so a thousand at once are two.
        ``work`` is cancelled when nobody waits for it any more. Raises TooMany when no turn came in
        time, and what ``work`` raises.
        """
        key = asker, question
        shared: _Shared[T] | None = self._next.get(key)
        if shared is None:
            shared = _Shared(asyncio.create_task(self._take_turn(asker, key, work)))
            self._next[key] = shared
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting and not shared.task.done():
                shared.task.cancel()
                if self._next.get(key) is shared:
                    del self._next[key]

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[None]:
        """Be one of those, of all askers, who ask the graph at the same time.

        Raises GraphUnavailable when there is no room for too long: it is no one asker's fault.
        """
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError:
            message = "More is asked of the graph than it answers; ask again shortly."
            raise GraphUnavailable(message, retry_after_s=_SOON_S) from None
        try:
            yield
        finally:
            self._free.release()

    async def _take_turn(self, asker: UUID, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        seats = self._askers.setdefault(asker, _Seats(asyncio.Semaphore(self._each)))
        seats.wanted += 1
        try:
            await self._wait(seats, key)
            try:
                self._running[key] = self._next.pop(key).task
                return await work()
            finally:
                del self._running[key]
                seats.free.release()
        finally:
            seats.wanted -= 1
            if not seats.wanted:
                del self._askers[asker]

    async def _wait(self, seats: _Seats, key: Hashable) -> None:
        before = self._running.get(key)
        try:
            async with asyncio.timeout(self._patience_s):
                if before is not None:
                    await asyncio.wait({before})
                await seats.free.acquire()
        except TimeoutError:
            del self._next[key]
            message = "You ask the graph too much at once; wait for its answers."
            raise TooMany(message, retry_after_s=_SOON_S) from None
