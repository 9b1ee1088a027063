"""Hold the commands of one connection that wait for their turn."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.command import Message
from realtime.limits import Limits

__all__ = ["Backlog", "Pending"]


@dataclass(slots=True)
class Pending:
    """Hold a command that waits its turn, or is being worked on (then it has a ticket).

    ``size`` is its share of the message it came in, in bytes; ``answer_by`` a monotonic time,
    infinity: whenever it is done.
    """

    command: Message
    size: int
    answer_by: float
    ticket: int = 0


class Backlog:
    """Hold commands in the order they came, and count their bytes."""

    __slots__ = ("_bytes", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[Pending] = []  # an empty deque is 600 bytes
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, pending: Pending) -> None:
        """Take a command in, behind all others."""
        self._waiting.append(pending)
        self._bytes += pending.size

    def take(self) -> Pending:
        """Give the oldest and hold it no longer; there must be one."""
        pending = self._waiting.pop(0)
        self._bytes -= pending.size
        return pending

    def take_late(self, now: float) -> list[Pending]:
        """Give those that should have been answered by ``now``, and hold them no longer."""
        late = [pending for pending in self._waiting if pending.answer_by <= now]
        for pending in late:
            self._waiting.remove(pending)
            self._bytes -= pending.size
        return late

    def clear(self) -> None:
        """Drop everything."""
        self._waiting.clear()
        self._bytes = 0

    def due(self, latest: float) -> float:
        """Give when the first of them must be answered, ``latest`` if none has to be earlier."""
        for pending in self._waiting:
            latest = min(latest, pending.answer_by)
        return latest

    def exceeds(self, limits: Limits, share: float = 1.0) -> bool:
        """Tell whether more waits than this share of what may."""
        return bool(self._waiting) and (
            len(self._waiting) > limits.backlog_commands * share
            or self._bytes > limits.backlog_bytes * share
        )
