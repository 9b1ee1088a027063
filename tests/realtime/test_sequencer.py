"""Publications of one log, put in order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from realtime.sequencer import Gap, Sequencer
from tests.realtime.makers import offsets, pub


def _started(head: int = 0, limit: int = 1_000) -> Sequencer:
    sequencer = Sequencer(limit)
    sequencer.start(head)
    return sequencer


def _gap(sequencer: Sequencer) -> Gap | None:
    return sequencer.gap


def test_the_next_one_is_delivered_and_a_seen_one_dropped() -> None:
    """The daily path."""
    sequencer = _started(4)
    assert offsets(sequencer.offer(pub(5))) == [5]
    assert sequencer.offer(pub(5)) == []
    assert sequencer.offer(pub(2)) == []
    assert _gap(sequencer) is None


def test_one_that_is_ahead_is_held_until_the_gap_is_filled() -> None:
    """Messages of different publishers overtake each other by nature."""
    sequencer = _started(4)
    assert sequencer.offer(pub(7)) == []
    assert _gap(sequencer) == Gap(5, 6)
    assert offsets(sequencer.offer(pub(5))) == [5]
    assert _gap(sequencer) == Gap(6, 6)
    assert offsets(sequencer.offer(pub(6))) == [6, 7]
    assert _gap(sequencer) is None


def test_a_head_that_lies_ahead_is_a_gap() -> None:
    """That is how the poll finds what the bus lost."""
    sequencer = _started(4)
    sequencer.head(4)
    assert _gap(sequencer) is None
    sequencer.head(6)
    assert _gap(sequencer) == Gap(5, 6)
    assert offsets(sequencer.repaired([pub(5), pub(6)], 6)) == [5, 6]
    assert _gap(sequencer) is None


def test_everything_is_held_until_the_position_is_known() -> None:
    """What arrives while the first read is under way is neither lost nor too early."""
    sequencer = Sequencer()
    for offset in (9, 8, 6, 7):
        assert sequencer.offer(pub(offset)) == []
    assert _gap(sequencer) is None
    assert offsets(sequencer.start(7)) == [8, 9]
    assert sequencer.start(3) == []
    assert sequencer.position == 9


def test_a_jump_too_far_is_looked_up_and_not_kept() -> None:
    """A claimed offset costs a read and no memory; one that the log denies is forgotten."""
    sequencer = _started(4, limit=10)
    assert sequencer.offer(pub(1_000_000)) == []
    assert _gap(sequencer) == Gap(5, 1_000_000)
    assert sequencer.repaired([], 4) == []
    assert _gap(sequencer) is None
    assert offsets(sequencer.offer(pub(5))) == [5]


def test_a_long_gap_is_filled_page_by_page() -> None:
    """Held ones that did not fit are read from the log like the others."""
    sequencer = _started(0, limit=3)
    for offset in range(2, 9):
        sequencer.offer(pub(offset))
    delivered: list[int] = []
    while (gap := sequencer.gap) is not None:
        page = [pub(offset) for offset in range(gap.first, min(gap.first + 2, 9))]
        delivered += offsets(sequencer.repaired(page, 8))
    assert delivered == list(range(1, 9))


@given(
    count=st.integers(1, 40),
    start=st.integers(0, 20),
    seed=st.randoms(use_true_random=False),
    limit=st.sampled_from([1, 3, 1_000]),
    data=st.data(),
)
def test_whatever_the_bus_does_the_order_is_right(
    count: int, start: int, seed: random.Random, limit: int, data: st.DataObject
) -> None:
    """Reordered, doubled, lost: with repair reads, exactly 1..n comes out, in order."""
    sequencer = Sequencer(limit)
    delivered: list[int] = []
    head = start + count
    arrivals = [
        offset
        for offset in range(start + 1, head + 1)
        for _ in range(data.draw(st.integers(0, 2), label=f"copies of {offset}"))
    ]
    seed.shuffle(arrivals)
    begin = data.draw(st.integers(0, len(arrivals)), label="when the first read is done")
    for number, offset in enumerate(arrivals):
        if number == begin:
            delivered += offsets(sequencer.start(start))
        delivered += offsets(sequencer.offer(pub(offset)))
        gap = sequencer.gap
        if gap is not None and data.draw(st.booleans(), label="repair now"):
            last = min(gap.last, gap.first + data.draw(st.integers(0, 5)))
            page = [pub(one) for one in range(gap.first, min(last, head) + 1)]
            delivered += offsets(sequencer.repaired(page, head))
    delivered += offsets(sequencer.start(start))
    sequencer.head(head)
    while (gap := sequencer.gap) is not None:
        page = [pub(one) for one in range(gap.first, min(gap.last, head) + 1)]
        delivered += offsets(sequencer.repaired(page, head))
    assert delivered == list(range(start + 1, head + 1))
    assert sequencer.position == head
