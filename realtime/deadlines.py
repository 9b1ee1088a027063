"""Keep the deadlines of many sockets in one place, so that none needs a timer of its own."""

from __future__ import annotations

from collections import defaultdict
from typing import Generic, TypeVar

__all__ = ["Deadlines"]

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Hold things until their time comes, to ``step`` seconds exactly.

    A thing may be put several times; it then comes several times.
    """

    def __init__(self, now: float, step: float = 0.25) -> None:
        self._step = step
        self._slots: defaultdict[int, list[T]] = defaultdict(list)
        self._next = self._slot(now)

    def put(self, thing: T, when: float) -> None:
        """Keep a thing until the monotonic time ``when``; infinity: it is not kept."""
        if when != float("inf"):
            self._slots[max(self._slot(when) + 1, self._next)].append(thing)

    def due(self, now: float) -> list[T]:
        """Take out everything whose time has come, the earliest first."""
        last = self._slot(now)
        if last < self._next:
            return []
        if last - self._next > len(self._slots):  # a long pause: look at what is there instead
            slots = sorted(slot for slot in self._slots if slot <= last)
        else:
            slots = [slot for slot in range(self._next, last + 1) if slot in self._slots]
        self._next = last + 1
        return [thing for slot in slots for thing in self._slots.pop(slot)]

    def _slot(self, when: float) -> int:
        return int(when / self._step)
