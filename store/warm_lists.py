"""Keep the lists that are being written to warm: folded in memory, exact at their offset."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from store.todo.warm_list import WarmList

__all__ = ["WarmLists"]


class WarmLists:
    """Hold warm lists up to a bound in todos, forgetting the least recently used first.

    About 1 KB a todo: the default bound costs at most some 50 MB. A large list becomes worth
    warming at its second write in a row of ``window`` lists, because loading it whole costs more
    than one command carried out alone does.
    """

    def __init__(self, bound: int = 50_000, window: int = 1_000) -> None:
        self._bound = bound
        self._window = window
        self._lists: OrderedDict[UUID, WarmList] = OrderedDict()
        self._weights: dict[UUID, int] = {}
        self._weight = 0
        self._missed: OrderedDict[UUID, None] = OrderedDict()

    def get(self, list_id: UUID) -> WarmList | None:
        """Give a warm list; None when it is cold."""
        warm = self._lists.get(list_id)
        if warm is not None:
            self._lists.move_to_end(list_id)
        return warm

    def is_worth_warming(self, list_id: UUID) -> bool:
        """Note a write to a cold list; True when it had one not long ago."""
        known = list_id in self._missed
        self._missed[list_id] = None
        self._missed.move_to_end(list_id)
        if len(self._missed) > self._window:
            self._missed.popitem(last=False)
        return known

    def keep(self, list_id: UUID, warm: WarmList) -> None:
        """Take a list in, or account anew for one that grew."""
        self._lists[list_id] = warm
        self._lists.move_to_end(list_id)
        # A running total: with thousands of small lists a sum would cost more than the write.
        self._weight += warm.weight - self._weights.get(list_id, 0)
        self._weights[list_id] = warm.weight
        while self._weight > self._bound and len(self._lists) > 1:
            oldest, _ = self._lists.popitem(last=False)
            self._weight -= self._weights.pop(oldest)

    def drop(self, list_id: UUID) -> None:
        """Forget a list whose state is in doubt."""
        self._lists.pop(list_id, None)
        self._weight -= self._weights.pop(list_id, 0)
