"""A figure is its runs' median, held to a goal from the right side."""

from __future__ import annotations

from bench.figure import Figure
from bench.samples import percentile


def test_the_median_run_counts() -> None:
    """One run that a neighbour disturbed does not decide."""
    assert Figure("p99", "ms", (3.0, 90.0, 4.0), goal=5.0).reached is True


def test_a_ceiling_and_a_floor_are_held_from_their_own_side() -> None:
    """A latency must not exceed its goal, a rate must not fall below."""
    assert Figure("p99", "ms", (6.0,), goal=5.0).reached is False
    assert Figure("rate", "/s", (6.0,), goal=5.0, floor=True).reached is True
    assert Figure("rate", "/s", (4.0,), goal=5.0, floor=True).reached is False


def test_a_figure_without_a_goal_is_for_information() -> None:
    """It is neither reached nor missed."""
    figure = Figure("max", "ms", (6.0,))
    assert figure.reached is None
    assert figure.cells == ("max", "6.00 ms", "", "", "")


def test_a_row_shows_span_goal_and_verdict() -> None:
    """The row of a table has all that a reader needs to judge."""
    cells = Figure("rate", "/s", (1000.0, 2000.0, 3000.0), goal=1500, floor=True).cells
    assert cells == ("rate", "2,000 /s", "1,000 to 3,000", "≥ 1,500", "yes")


def test_a_percentile_is_a_sample_that_was_taken() -> None:
    """No value between samples is invented; 100 is the largest."""
    samples = [float(number) for number in range(1, 101)]
    assert [percentile(samples, share) for share in (50, 99, 100)] == [50.0, 99.0, 100.0]
    assert percentile([7.0], 99) == 7.0
