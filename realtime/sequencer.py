"""Put the publications of one log in order on this replica."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from realtime.publication import Publication

__all__ = ["Gap", "Sequencer"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Name what is missing: the offsets ``first`` to ``last``, both included."""

    first: int
    last: int


class Sequencer:
    """Turn publications that arrive in any order, twice or never into 1, 2, 3, ...

    Until ``start`` names the position, everything offered is held. From then on ``offer`` returns
    what may be delivered now, in order; ``gap`` says what has to be read from the log. At most
    ``limit`` publications are held; one that lies further ahead than that is not kept (nothing is
    lost: ``gap`` covers it), so a wrong offset costs a read and no memory.
    """

    __slots__ = ("_claimed", "_head", "_held", "_limit", "position")

    def __init__(self, limit: int = 1_000) -> None:
        self.position: int | None = None
        self._limit = limit
        self._held: dict[int, Publication] | None = None  # mostly
        self._head = 0  # the highest offset known to exist
        self._claimed = 0  # the highest offset somebody spoke of: to be looked up

    def start(self, head: int) -> list[Publication]:
        """Begin after ``head``, which a read of the log saw; does nothing when already begun."""
        if self.position is not None:
            return []
        self.position = head
        self._head = max(self._head, head)
        return self._ready()

    def offer(self, publication: Publication) -> list[Publication]:
        """Take one publication from anywhere; return what may be delivered now, in order."""
        offset = publication.offset
        position = self.position
        if position is not None:
            if offset <= position:
                return []
            if offset == position + 1 and not self._held:
                self.position = offset
                return [publication]
            if offset > position + self._limit:
                self._claimed = max(self._claimed, offset)
                return []
        held = self._held
        if held is None:
            held = self._held = {}
        if len(held) < self._limit or (position is not None and offset == position + 1):
            held.setdefault(offset, publication)
        self._head = max(self._head, offset)
        return self._ready()

    def head(self, offset: int) -> None:
        """Learn that the log reaches to ``offset``, from a read of the log itself."""
        self._head = max(self._head, offset)

    def repaired(self, publications: Iterable[Publication], head: int) -> list[Publication]:
        """Take what a read after ``position`` brought; return what is due.

        ``head`` is the log's last offset as that read saw it.
        """
        due: list[Publication] = []
        for publication in publications:
            due.extend(self.offer(publication))
        self.head(head)
        # The log has spoken: whoever claimed more than it holds was wrong.
        if self._claimed <= self._head or (self.position is not None and self.position >= head):
            self._claimed = 0
        return due

    @property
    def gap(self) -> Gap | None:
        """Name what is missing before everything known can be delivered; None: nothing."""
        if self.position is None:
            return None
        last = min(self._held) - 1 if self._held else max(self._head, self._claimed)
        return Gap(self.position + 1, last) if last > self.position else None

    def _ready(self) -> list[Publication]:
        position, held = self.position, self._held
        if position is None or not held:
            return []
        due: list[Publication] = []
        while (publication := held.pop(position + 1, None)) is not None:
            position += 1
            due.append(publication)
        self.position = position
        if held and min(held) <= position:
            held = {offset: ahead for offset, ahead in held.items() if offset > position}
        self._held = held or None
        return due
