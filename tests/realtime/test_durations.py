"""A histogram in plain numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.durations import Durations

BOUNDS = (0.01, 0.1, 1.0)
INFINITY = float("inf")


@given(st.lists(st.tuples(st.floats(-1.0, 5.0), st.integers(1, 1_000))))
def test_each_bound_tells_how_many_were_within_it(told: list[tuple[float, int]]) -> None:
    """Cumulative, as Prometheus has it, and together all of them; none is below zero."""
    durations = Durations(BOUNDS)
    for seconds, times in told:
        durations.add(seconds, times)
    for bound, count in durations.cumulative():
        assert count == sum(times for seconds, times in told if max(seconds, 0.0) <= bound)
    assert durations.count == sum(times for _, times in told)
    total = sum(max(seconds, 0.0) * times for seconds, times in told)
    assert durations.sum_s == pytest.approx(total)


def test_a_bound_belongs_to_what_is_below_it() -> None:
    """``le`` means less or equal."""
    durations = Durations(BOUNDS)
    durations.add(0.1)
    assert list(durations.cumulative()) == [(0.01, 0), (0.1, 1), (1.0, 1), (INFINITY, 1)]
