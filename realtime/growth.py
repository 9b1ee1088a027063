"""Tell whoever projects the lists which of them have grown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final
from uuid import UUID

from realtime.bus import Grown
from store.log_id import LogId, LogKind

if TYPE_CHECKING:
    from realtime.bus import Bus
    from store.entry import Entry

__all__ = ["Growth", "Heads"]

Heads = Iterable[tuple[UUID, int]]

# After a message, the changes of so long share the next one; a message names so many lists (some
# 50 KB), the rest is found by whoever sweeps the heads.
_GATHER_S: Final = 0.02
_LISTS: Final = 1_000


class Growth:
    """Collect the lists that this replica's writes have made longer, and tell of them in batches.

    ``grown`` is told in this process; None: nobody. A hint like everything on the bus. The first
    one leaves at the end of the turn, and so in one write to Redis with the entry itself.
    """

    def __init__(self, bus: Bus, grown: Callable[[Heads], None] | None) -> None:
        self._bus = bus
        self._grown = grown
        self._heads: dict[UUID, int] = {}
        self._due = False  # it is arranged for that they are told

    def note(self, entry: Entry) -> None:
        """Take a committed entry; returns at once. Only on the event loop."""
        if entry.log.kind is not LogKind.LIST:
            return
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._tell)
        if len(self._heads) < _LISTS or entry.log.key in self._heads:
            self._heads[entry.log.key] = entry.offset

    def _tell(self) -> None:
        if not self._heads:
            self._due = False
            return
        asyncio.get_running_loop().call_later(_GATHER_S, self._tell)
        heads = tuple(self._heads.items())
        self._heads.clear()
        if self._grown is not None:
            self._grown(heads)
        self._bus.publish(LogId.LISTS, Grown(heads))
