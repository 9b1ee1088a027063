"""Hold the bytes that wait for one socket, and say what gives way when there are too many."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

__all__ = ["Dropped", "Outbox", "Weight"]


T = TypeVar("T")


class Weight(IntEnum):
    """Say what may be dropped: the lightest first."""

    SIGNAL = 0  # at most once by nature: signals, joins, leaves
    ENTRY = 1  # the log has it: dropped, then caught up
    REPLY = 2  # never dropped


@dataclass(frozen=True, slots=True)
class Dropped(Generic[T]):
    """Say that the entries of ``source`` from ``offset`` on were dropped from the queue."""

    source: T
    offset: int


class Outbox(Generic[T]):
    """Queue finished messages for one socket, within ``entries`` and ``size`` bytes.

    When a push does not fit, waiting signals are dropped; when that does not suffice, all waiting
    entries too, and ``push`` says whose they were. Replies always fit: their number
    is bounded by not starting the next command while the outbox is ``full``.
    """

    __slots__ = ("_entries", "_items", "_size", "bytes")

    def __init__(self, entries: int = 256, size: int = 128 * 1024) -> None:
        self._entries = entries
        self._size = size
        # A list, for an empty deque is 600 bytes, and each socket has one of these.
        self._items: list[tuple[bytes, Weight, T | None, int]] = []
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """Tell whether more than half of the bound waits: nothing further should be started."""
        return self.bytes * 2 > self._size or len(self._items) * 2 > self._entries

    def push(
        self,
        message: bytes,
        weight: Weight = Weight.REPLY,
        source: T | None = None,
        offset: int = 0,
    ) -> list[Dropped[T]]:
        """Queue a message; return what had to go, the new message included (usually nothing)."""
        self._items.append((message, weight, source, offset))
        self.bytes += len(message)
        if self.bytes <= self._size and len(self._items) <= self._entries:
            return []
        if weight is Weight.REPLY or len(self._items) == 1:
            return []
        self._drop(Weight.SIGNAL)
        if self.bytes <= self._size and len(self._items) <= self._entries:
            return []
        return self._drop(Weight.ENTRY)

    def take(self, size: int, separator: bytes = b"\n") -> bytes | None:
        """Give the next messages as one frame, joined by ``separator``, of at most ``size`` bytes.

        At least one message is given, however long; None when nothing waits.
        """
        items = self._items
        if not items:
            return None
        message = items.pop(0)[0]
        self.bytes -= len(message)
        if not items or len(message) + len(separator) + len(items[0][0]) > size:
            return message
        messages, total = [message], len(message)
        while items and total + len(separator) + len(items[0][0]) <= size:
            message = items.pop(0)[0]
            messages.append(message)
            total += len(separator) + len(message)
            self.bytes -= len(message)
        return separator.join(messages)

    def clear(self) -> None:
        """Drop everything: nothing of it may be sent any more."""
        self._items.clear()
        self.bytes = 0

    def _drop(self, weight: Weight) -> list[Dropped[T]]:
        kept: list[tuple[bytes, Weight, T | None, int]] = []
        first: dict[int, Dropped[T]] = {}
        for item in self._items:
            if item[1] is not weight:
                kept.append(item)
                continue
            self.bytes -= len(item[0])
            source = item[2]
            if source is not None:
                first.setdefault(id(source), Dropped(source, item[3]))
        self._items = kept
        return list(first.values())
