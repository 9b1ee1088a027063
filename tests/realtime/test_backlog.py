"""What waits for its turn stays in order, and is counted exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime.backlog import Backlog, Pending
from realtime.command import Ping
from realtime.limits import Limits

steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 9), st.integers(1, 9)),
        st.tuples(st.just("take"), st.just(0), st.just(0)),
        st.tuples(st.just("late"), st.just(0), st.integers(0, 10)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@given(steps)
def test_it_is_a_queue_whose_late_ones_can_be_taken_out(done: list[tuple[str, int, int]]) -> None:
    """Whatever is done to it, it agrees with a plain list."""
    backlog, plain = Backlog(), list[Pending]()
    for number, (what, size, at) in enumerate(done):
        if what == "add":
            plain.append(Pending(Ping(number), size, float(at)))
            backlog.add(plain[-1])
        elif what == "take" and plain:
            assert backlog.take() is plain.pop(0)
        elif what == "late":
            late = [pending for pending in plain if pending.answer_by <= at]
            assert backlog.take_late(at) == late
            plain = [pending for pending in plain if pending not in late]
        elif what == "clear":
            backlog.clear()
            plain.clear()
        assert bool(backlog) == bool(plain)
        assert backlog.due(5.0) == min([5.0, *(pending.answer_by for pending in plain)])
        held = sum(pending.size for pending in plain)
        assert not backlog.exceeds(Limits(backlog_commands=len(plain), backlog_bytes=held))
        assert backlog.exceeds(Limits(backlog_commands=len(plain) - 1)) == bool(plain)
        assert backlog.exceeds(Limits(backlog_bytes=held - 1)) == bool(plain)


def test_a_share_of_the_bounds_counts_too() -> None:
    """Half full is when nothing further should be read."""
    backlog = Backlog()
    limits = Limits(backlog_commands=4, backlog_bytes=100)
    for _ in range(2):
        backlog.add(Pending(Ping(1), 10, 0.0))
    assert not backlog.exceeds(limits, 0.5)
    backlog.add(Pending(Ping(1), 10, 0.0))
    assert backlog.exceeds(limits, 0.5)
    assert not backlog.exceeds(limits)
