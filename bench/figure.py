"""One measured figure, with the goal it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.plot import Plot

__all__ = ["Figure", "Measured", "shown"]


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold what was measured in each of several short runs; their median counts.

    ``goal`` None: for information. ``floor``: the goal is the least allowed, not the most.
    """

    name: str
    unit: str
    runs: tuple[float, ...]
    goal: float | None = None
    floor: bool = False

    @property
    def value(self) -> float:
        """Give the median of the runs."""
        return median(self.runs)

    @property
    def reached(self) -> bool | None:
        """Tell whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.floor else self.value <= self.goal

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Give a table's row: figure, median, span of the runs, goal, whether it is reached."""
        span = f"{shown(min(self.runs))} to {shown(max(self.runs))}" if len(self.runs) > 1 else ""
        goal = f"{'≥' if self.floor else '≤'} {shown(self.goal)}" if self.goal is not None else ""
        verdict = {None: "", True: "yes", False: "no"}[self.reached]
        return self.name, f"{shown(self.value)} {self.unit}".strip(), span, goal, verdict


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold the figures of one benchmark; ``method`` says what was done, in a paragraph.

    ``plots`` compare some of them; they go above the table of the page.
    """

    title: str
    method: str
    figures: tuple[Figure, ...]
    plots: tuple[Plot, ...] = ()


def shown(value: float) -> str:
    """Write a number with as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
