"""Remember what of a log this replica has just seen: its last entries, and who is a member."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from realtime.publication import EVERYONE

if TYPE_CHECKING:
    from uuid import UUID

    from realtime.publication import Publication

__all__ = ["Recent", "RecentBudget"]

_ENTRIES = 128


class RecentBudget:
    """Bound the bytes that all feeds of a replica may remember together."""

    __slots__ = ("limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0


class Recent:
    """Answer joins and resumes from memory, exactly as far as the log was seen in order.

    Whoever was seen to be a member is one until the log says otherwise. It is never evidence of the
    contrary: who is not known may have been added meanwhile, and is looked up.
    """

    __slots__ = ("_budget", "_bytes", "_kept", "_members")

    def __init__(self, budget: RecentBudget) -> None:
        self._budget = budget
        self._kept: deque[Publication] | None = None  # an empty one is 760 bytes
        self._bytes = 0
        self._members: dict[UUID, int] | None = None

    def add(self, publication: Publication) -> None:
        """Take the log's next publication; each must follow the one before."""
        if publication.removes is not None:
            self._remove(publication.removes, publication.offset)
        self._keep(publication)

    def after(self, offset: int, position: int) -> list[Publication] | None:
        """Give everything from ``offset`` to ``position``, the last one seen; None: not all."""
        missed = position - offset
        if missed == 0:
            return []
        kept = self._kept
        if kept is None or missed < 0 or missed > len(kept):
            return None
        if missed <= 8:  # mostly: the end is near, and a slice of a deque costs its length
            return [kept[index] for index in range(-missed, 0)]
        return list(kept)[-missed:]

    def seed(self, publications: list[Publication], position: int) -> None:
        """Take what a read brought, if it reaches to ``position`` and further back than this."""
        if (
            publications
            and publications[-1].offset == position
            and len(self._kept or ()) < len(publications) <= _ENTRIES
        ):
            self._grow(-self._bytes)
            self._kept = None
            for publication in publications:
                self._keep(publication)

    def learn(self, user: UUID, head: int, position: int) -> None:
        """Learn from a read that saw ``user`` as a member at ``head``."""
        if head >= position:  # else what took the membership since may have been seen before this
            if self._members is None:
                self._members = {}
            self._members[user] = head

    def knows(self, user: UUID) -> bool:
        """Tell whether ``user`` is a member as far as the log was seen; False: nobody knows."""
        return self._members is not None and user in self._members

    def clear(self) -> None:
        """Forget everything: the log is another one now, or nobody follows it any more."""
        self._grow(-self._bytes)
        self._kept = self._members = None

    def _keep(self, publication: Publication) -> None:
        kept = self._kept
        if kept is None:
            kept = self._kept = deque()
        kept.append(publication)
        self._grow(len(publication.body))
        while kept and (len(kept) > _ENTRIES or self._budget.used > self._budget.limit):
            self._grow(-len(kept.popleft().body))

    def _remove(self, user: UUID, offset: int) -> None:
        if user == EVERYONE:
            self._members = None
        elif self._members is not None and self._members.get(user, offset) < offset:
            del self._members[user]

    def _grow(self, size: int) -> None:
        self._bytes += size
        self._budget.used += size
