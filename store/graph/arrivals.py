"""Wait until a list is up to an offset: in the graph, or by its own log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["Arrivals"]

_LOOK_S: Final = 0.02


@dataclass(slots=True, eq=False)
class _Watch:
    """Hold those who wait for one list, each with the offset, and the task that looks for them."""

    waiting: dict[asyncio.Future[None], int] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


class Arrivals:
    """Look how far a list is, again and again, once for all who wait for the same one.

    ``look`` says how far it is. The first look comes after 20 ms, each further one after twice the
    time of the one before, ``most_s`` seconds at most.
    """

    def __init__(
        self,
        look: Callable[[UUID], Awaitable[int]],
        *,
        most_s: float = _LOOK_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._look = look
        self._most_s = most_s
        self._sleep = sleep
        self._watches: dict[UUID, _Watch] = {}

    async def wait(self, list_id: UUID, offset: int) -> None:
        """Return when the list is there, however long that takes; the caller bounds it.

        Raises what looking raises.
        """
        if await self._look(list_id) >= offset:
            return
        watch = self._watches.get(list_id)
        if watch is None:
            watch = self._watches[list_id] = _Watch()
            watch.task = asyncio.create_task(self._watch(list_id, watch))
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watch.waiting[arrived] = offset
        try:
            await arrived
        finally:
            watch.waiting.pop(arrived, None)
            if not watch.waiting and watch.task is not None:
                self._end(list_id, watch)
                watch.task.cancel()

    async def _watch(self, list_id: UUID, watch: _Watch) -> None:
        pause = _LOOK_S
        try:
            while True:
                await self._sleep(pause)
                pause = min(2 * pause, self._most_s)
                reached = await self._look(list_id)
                for arrived, offset in watch.waiting.items():
                    if offset <= reached and not arrived.done():
                        arrived.set_result(None)
        except Exception as error:  # noqa: BLE001 - each who waits learns of it
            self._end(list_id, watch)
            for arrived in watch.waiting:
                if not arrived.done():
                    arrived.set_exception(error)

    def _end(self, list_id: UUID, watch: _Watch) -> None:
        """Let nobody join any more."""
        if self._watches.get(list_id) is watch:
            del self._watches[list_id]
