"""Deadlines of many sockets in one place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime.deadlines import Deadlines


def test_a_thing_comes_when_its_time_has_come() -> None:
    """Never before, and at the first look at least a step after."""
    deadlines: Deadlines[str] = Deadlines(100.0, step=0.25)
    deadlines.put("late", 101.0)
    deadlines.put("soon", 100.3)
    deadlines.put("never", float("inf"))
    assert deadlines.due(100.29) == []
    assert deadlines.due(100.55) == ["soon"]
    assert deadlines.due(5_000.0) == ["late"]
    assert deadlines.due(9_000.0) == []


def test_what_is_overdue_comes_with_the_next_look() -> None:
    """Also when it was put after the fact."""
    deadlines: Deadlines[str] = Deadlines(100.0)
    deadlines.due(200.0)
    deadlines.put("overdue", 150.0)
    assert deadlines.due(200.0) == []
    assert deadlines.due(200.25) == ["overdue"]


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20)), max_size=40),
)
def test_everything_comes_once_and_never_early(steps: list[tuple[float, float]]) -> None:
    """Within a step of its time, or at the next look."""
    deadlines: Deadlines[float] = Deadlines(0.0, step=0.25)
    now, waiting = 0.0, []
    for after, pause in steps:
        when = now + after
        deadlines.put(when, when)
        waiting.append(when)
        now += pause
        for thing in deadlines.due(now):
            assert thing <= now
            waiting.remove(thing)
        assert all(when > now - 0.5 for when in waiting)
    assert sorted(deadlines.due(now + 1_000.0)) == sorted(waiting)
