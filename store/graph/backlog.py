"""Remember which lists the graph does not have up to their heads, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["Backlog"]

_LOOKED_AT = 1_000  # of those that wait, when the oldest is asked for


class Backlog:
    """Collect the lists that have entries to project, first come, first served.

    At most ``capacity`` lists wait and as many watermarks are remembered: some 20 MB each. What is
    forgotten for want of room is found again by the sweep over all heads, so ``heard`` of a list
    may be dropped and a watermark may be unknown; never is either wrong. ``now`` is the time on any
    clock in seconds, for ``oldest``.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._waiting: dict[UUID, int] = {}
        self._since: dict[UUID, float] = {}
        self._watermarks: dict[UUID, int] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Tell whether the next list that is heard of would be dropped."""
        return len(self._waiting) >= self._capacity

    @property
    def oldest(self) -> float | None:
        """Give the time since when the list waits that has waited longest; None: none waits.

        Only the first thousand are looked at. Being brought forward a part of the way counts as
        having waited no more.
        """
        return min(islice(self._since.values(), _LOOKED_AT), default=None)

    def heard(self, list_id: UUID, head: int, now: float = 0.0) -> None:
        """Take note that a list's log reaches ``head``."""
        if self._watermarks.get(list_id, -1) >= head:
            return
        if list_id not in self._waiting and self.full:
            self.dropped += 1
            return
        self._waiting[list_id] = max(head, self._waiting.get(list_id, 0))
        self._since.setdefault(list_id, now)

    def next(self, count: int) -> dict[UUID, int | None]:
        """Give those that wait longest, with their watermarks; None: not known. They stay."""
        lists = [list_id for list_id, _ in zip(self._waiting, range(count), strict=False)]
        return {list_id: self._watermarks.get(list_id) for list_id in lists}

    def unknown(self, lists: Iterable[UUID]) -> list[UUID]:
        """Give those of the lists whose watermark is not known."""
        return [list_id for list_id in lists if list_id not in self._watermarks]

    def reached(
        self,
        watermarks: Mapping[UUID, int],
        heads: Mapping[UUID, int] | None = None,
        now: float = 0.0,
    ) -> None:
        """Take note of how far lists are in, and of the heads that their logs had.

        A list that is not in up to what was heard goes to the end of the queue.
        """
        for list_id, watermark in watermarks.items():
            # The head that was read counts more than what was heard before: a hint may be wrong.
            told = self._waiting.pop(list_id, 0)
            since = self._since.pop(list_id, now)
            heard = told if heads is None else heads.get(list_id, told)
            if list_id not in self._watermarks and len(self._watermarks) >= self._capacity:
                self._watermarks.pop(next(iter(self._watermarks)))
            before = self._watermarks.get(list_id, watermark)
            self._watermarks[list_id] = watermark
            if watermark < heard:
                self._waiting[list_id] = heard
                self._since[list_id] = now if watermark > before else since

    def drop(self, lists: Iterable[UUID]) -> None:
        """Take lists as being in, up to what was heard; the next that is heard of them counts."""
        for list_id in lists:
            self._watermarks[list_id] = self._waiting.pop(list_id, 0)
            self._since.pop(list_id, None)

    def keep(self, mine: Callable[[UUID], bool]) -> None:
        """Forget all lists but those that are still this process's."""
        known: dict[UUID, int] | dict[UUID, float]
        for known in (self._waiting, self._since, self._watermarks):
            for list_id in [one for one in known if not mine(one)]:
                del known[list_id]

    def forget(self) -> None:
        """Forget all watermarks: another generation has others."""
        self._watermarks.clear()
