"""Know how late the event loop is: work that should have begun, and has not."""

from __future__ import annotations

__all__ = ["Lag"]

_FADE = 0.5  # a stall counts half as much at each further look


class Lag:
    """Measure by how much something that is due every ``step_s`` seconds comes too late."""

    __slots__ = ("_due", "_step_s", "value_s")

    def __init__(self, now: float, step_s: float) -> None:
        self._step_s = step_s
        self._due = now + step_s
        self.value_s = 0.0

    def look(self, now: float) -> None:
        """Be called, at the monotonic time ``now``; the next call is due ``step_s`` later."""
        self.value_s = max(now - self._due, self.value_s * _FADE, 0.0)
        self._due = now + self._step_s
