"""Wait until the graph has a list up to an offset."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from store.errors import GraphUnavailable

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
    """Look at the graph every 20 ms, once for all who wait for the same list.

    ``reached`` gives how far the graph has a list, ``head`` how long it is.
    """

    def __init__(
        self,
        reached: Callable[[UUID], Awaitable[int]],
        head: Callable[[UUID], Awaitable[int]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._reached = reached
        self._head = head
        self._sleep = sleep
        self._watches: dict[UUID, _Watch] = {}

    async def wait(self, list_id: UUID, offset: int) -> None:
        """Return when the graph is there, however long that takes; the caller bounds it.

        Raises GraphUnavailable at once when the list itself is not that long, and what looking at
        the graph or the list raises.
        """
        if await self._reached(list_id) >= offset:
            return
        head = await self._head(list_id)
        if head < offset:
            message = f"This list has no entry {offset} yet: its last one is {head}."
            raise GraphUnavailable(message)
        watch = self._watches.get(list_id)
        if watch is None:
            watch = self._watches[list_id] = _Watch()
            watch.task = asyncio.create_task(self._look(list_id, watch))
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watch.waiting[arrived] = offset
        try:
            await arrived
        finally:
            watch.waiting.pop(arrived, None)
            if not watch.waiting and watch.task is not None:
                self._end(list_id, watch)
                watch.task.cancel()

    async def _look(self, list_id: UUID, watch: _Watch) -> None:
        try:
            while True:
                await self._sleep(_LOOK_S)
                reached = await self._reached(list_id)
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
