"""What was asked of the service and what it answered, as its writers saw it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Write:
    """Hold one command for a list, from its first sending to its answer.

    Times are ``time.monotonic()``.

    ``doubts`` say, one for each sending without an answer, what came instead. ``acked`` is None
    until it was answered with success; then ``at`` is the number of the replica that answered and
    ``replayed`` tells whether it said that it had done this before (None: it did not say).
    """

    list_id: str
    command: dict[str, Any]
    invoked: float
    doubts: list[str] = field(default_factory=list)
    acked: float | None = None
    offset: int = 0
    at: int = -1
    replayed: bool | None = None

    @property
    def op(self) -> str:
        """The operation id, the same for every sending."""
        return str(self.command["op"])


@dataclass(slots=True)
class History:
    """Hold every write of a scenario, in the order in which they were begun.

    ``mistakes`` are answers that no fault excuses, such as a 500 or a refusal.
    """

    writes: list[Write] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def begin(self, list_id: str, command: dict[str, Any]) -> Write:
        """Note that a command is about to be sent for the first time."""
        write = Write(list_id, command, time.monotonic())
        self.writes.append(write)
        return write

    @property
    def acked(self) -> list[Write]:
        """The writes that were answered with success."""
        return [write for write in self.writes if write.acked is not None]

    @property
    def doubted(self) -> list[Write]:
        """The writes that were answered only when they were sent again."""
        return [write for write in self.acked if write.doubts]

    @property
    def replayed(self) -> list[Write]:
        """The writes whose first sending had been carried out although its answer was lost."""
        return [write for write in self.acked if write.replayed]

    def head(self, list_id: str) -> int:
        """Give the highest acknowledged offset of a list."""
        offsets = (write.offset for write in self.writes if write.list_id == list_id)
        return max(offsets, default=0)

    def back(self, since: float) -> dict[int, float]:
        """Give, for each replica that has answered since, how many seconds its first one took."""
        first: dict[int, float] = {}
        for write in self.acked:
            if write.acked is not None and write.acked > since:
                took = write.acked - since
                first[write.at] = min(took, first.get(write.at, took))
        return first
