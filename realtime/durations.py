"""Count how long things took, by bounds: a histogram in plain numbers."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Durations"]


class Durations:
    """Count durations in seconds by the least of ``bounds``, in rising order, that they are within.

    ``sum_s`` adds them all up. A negative one, as two machines' clocks can make it, counts as 0.
    """

    __slots__ = ("_bounds", "_counts", "sum_s")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """Count one duration, ``times`` times."""
        seconds = max(seconds, 0.0)
        self._counts[bisect_left(self._bounds, seconds)] += times
        self.sum_s += seconds * times

    @property
    def count(self) -> int:
        """Give how many were counted."""
        return sum(self._counts)

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Give each bound with how many were within it; the last bound is infinity."""
        total = 0
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            total += count
            yield bound, total
