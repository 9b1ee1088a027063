"""Bars as SVG: small enough to be written by hand, and readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from statistics import median

from bench.figure import shown

__all__ = ["Plot"]

_WIDTH, _LABEL, _BAR, _STEP, _TOP = 720, 220, 340, 26, 44
_CUT = 4  # a few enormous bars must not flatten the others
_OURS, _OTHER = "#2f7d5b", "#8a94a6"
# One grey that both a white and a black page leave readable.
_INK = "#7a808a"


@dataclass(frozen=True, slots=True)
class Plot:
    """Compare values, one bar each.

    ``file`` is the name of the image, without ending; ``ours`` the label of the bar to stand out.
    """

    file: str
    title: str
    unit: str
    bars: tuple[tuple[str, float], ...]
    ours: str = "Lockstep"

    def svg(self) -> str:
        """Draw it; bars beyond four times the median are cut, and say so."""
        height = _TOP + _STEP * len(self.bars) + 8
        longest = _scale(value for _, value in self.bars)
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"',
            ' font-family="system-ui, sans-serif" font-size="13">',
            f"<title>{escape(self.title)}</title>",
            f'<g fill="{_INK}">',
            f'<text x="8" y="22" font-size="15" font-weight="bold">{escape(self.title)}</text>',
        ]
        for number, (label, value) in enumerate(self.bars):
            top = _TOP + _STEP * number
            length = max(1.0, _BAR * min(1.0, value / longest)) if longest else 1.0
            said = f"{shown(value)} {self.unit}{' (bar cut)' if value > longest else ''}"
            size = f'width="{length:.1f}" height="{_STEP - 8}"'
            fill = _OURS if label == self.ours else _OTHER
            lines += [
                f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(label)}</text>',
                f'<rect x="{_LABEL}" y="{top + 2}" {size} rx="2" fill="{fill}"/>',
                f'<text x="{_LABEL + length + 6:.1f}" y="{top + 15}">{escape(said)}</text>',
            ]
        return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def _scale(values: Iterable[float]) -> float:
    """Give the value whose bar has the full length."""
    ordered = sorted(values)
    return min(ordered[-1], _CUT * median(ordered)) if ordered else 0.0
