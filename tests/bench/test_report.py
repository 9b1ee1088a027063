"""The page holds every figure beside its goal, and shows the plots."""

from __future__ import annotations

from bench.figure import Figure, Measured
from bench.plot import Plot
from bench.report import page


def _page(*plots: Plot) -> str:
    figures = (Figure("p99", "ms", (4.0,), goal=5.0),)
    return page({"cores": "2"}, [(Measured("A title", "What was done.", figures, plots), 1.25)])


def test_a_figure_stands_beside_its_goal() -> None:
    """One row a figure, and the load of the machine under the table."""
    written = _page()
    assert "| p99 | 4.00 ms |  | ≤ 5.00 | yes |" in written
    assert "Load average at the end: 1.2." in written
    assert "![" not in written


def test_a_plot_is_shown_above_the_table() -> None:
    """It is linked by the name of its file, with its title for those who cannot see it."""
    written = _page(Plot("cost", "What it costs", "µs", (("a", 1.0),)))
    assert written.index("![What it costs](images/cost.svg)\n\n|") < written.index("| figure |")
