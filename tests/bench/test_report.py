"""The page holds every figure beside its goal, and shows the plots."""

from __future__ import annotations

from datetime import date

from bench.figure import Figure, Measured
from bench.plot import Plot
from bench.report import page, renewed, section

_MACHINE = {"cores": "2"}


def _section(title: str, p99: float, *plots: Plot) -> str:
    figures = (Figure("p99", "ms", (p99,), goal=5.0),)
    return section(Measured(title, "What was done.", figures, plots), 1.25, date(2030, 1, 2))


def _page(*plots: Plot) -> str:
    return page(_MACHINE, [_section("A title", 4.0, *plots)])


def test_a_figure_stands_beside_its_goal() -> None:
    """One row a figure, and the load of the machine under the table."""
    written = _page()
    assert "| p99 | 4.00 ms |  | ≤ 5.00 | yes |" in written
    assert "Measured on 2030-01-02; load average at the end: 1.2." in written
    assert "![" not in written


def test_a_plot_is_shown_above_the_table() -> None:
    """It is linked by the name of its file, with its title for those who cannot see it."""
    written = _page(Plot("cost", "What it costs", "µs", (("a", 1.0),)))
    assert written.index("![What it costs](images/cost.svg)\n\n|") < written.index("| figure |")


def test_sections_are_renewed_one_by_one() -> None:
    """Each in its place, whatever numbers its title has; the rest of the page stays."""
    before = page(_MACHINE, [_section("Joins, and 10 more", 4.0), _section("Two replicas: 1", 3.0)])
    for title in ("Joins, and 20 more", "Two replicas"):
        after = renewed(before, _MACHINE, [_section(title, 9.0)])
        assert after is not None
        assert f"## {title}" in after
        assert after.count("## ") == 2
        assert after.count("| 9.00 ms |") == 1
        assert after.index("## Joins") < after.index("## Two")
    assert renewed(before, _MACHINE, [_section("Joins", 4.0)]) != before
    assert renewed(before, _MACHINE, []) == before


def test_another_machine_s_page_is_left_alone() -> None:
    """Figures of two machines do not stand under one."""
    before = page(_MACHINE, [_section("Joins", 4.0)])
    assert renewed(before, {"cores": "4"}, [_section("Joins", 5.0)]) is None
    assert renewed(before, _MACHINE, [_section("New", 5.0)]) is None
