"""Tests of remembering what waits for the graph."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from store.graph.backlog import Backlog

LISTS = st.integers(0, 5).map(lambda number: UUID(int=number))
NEWS = st.lists(st.tuples(LISTS, st.integers(1, 9)))

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


@given(NEWS)
def test_what_was_heard_waits_until_it_is_in(news: list[tuple[UUID, int]]) -> None:
    """Each list once, for the highest offset heard of it."""
    backlog = Backlog()
    for list_id, head in news:
        backlog.heard(list_id, head)
    heads = {list_id: max(h for one, h in news if one == list_id) for list_id, _ in news}
    assert set(backlog.next(9)) == set(heads)
    backlog.reached({list_id: head - 1 for list_id, head in heads.items()})
    assert set(backlog.next(9)) == set(heads)
    backlog.reached(heads)
    assert not backlog
    for list_id, head in news:
        backlog.heard(list_id, head)
    assert not backlog


def test_a_list_that_is_written_to_all_the_time_lets_the_others_pass() -> None:
    """One that is still behind goes to the end of the queue."""
    backlog = Backlog()
    for list_id in (ONE, TWO, THREE):
        backlog.heard(list_id, 5)
    backlog.reached({ONE: 5}, {ONE: 9})
    assert [*backlog.next(2)] == [TWO, THREE]
    assert backlog.next(3)[ONE] == 5


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    """The sweep finds it again; what waits already is kept up to date."""
    backlog = Backlog(2)
    for list_id in (ONE, TWO, THREE, ONE):
        backlog.heard(list_id, 4)
    assert (len(backlog), backlog.full, backlog.dropped) == (2, True, 1)
    for number in range(10):
        backlog.reached({UUID(int=number): 7})
    assert backlog.unknown([UUID(int=number) for number in range(10)]) == [
        UUID(int=number) for number in range(8)
    ]


def test_another_generation_has_other_watermarks() -> None:
    """What waits goes on waiting; how far it is must be asked."""
    backlog = Backlog()
    backlog.reached({ONE: 3})
    backlog.heard(ONE, 4)
    assert backlog.next(1) == {ONE: 3}
    backlog.forget()
    assert backlog.next(1) == {ONE: None}


def test_what_is_another_process_s_is_forgotten() -> None:
    """With its watermark: it may have moved when the list comes back."""
    backlog = Backlog()
    for list_id in (ONE, TWO):
        backlog.reached({list_id: 1})
        backlog.heard(list_id, 2)
    backlog.keep(lambda list_id: list_id == TWO)
    assert backlog.next(9) == {TWO: 1}
    assert backlog.unknown([ONE, TWO]) == [ONE]


def test_a_list_that_was_dropped_waits_for_its_next_entry() -> None:
    """One that cannot be projected is not tried again and again."""
    backlog = Backlog()
    backlog.heard(ONE, 4)
    backlog.drop([ONE])
    backlog.heard(ONE, 4)
    assert not backlog
    backlog.heard(ONE, 5)
    assert backlog.next(1) == {ONE: 4}


def test_it_knows_since_when_the_oldest_waits() -> None:
    """From the first that was heard of it until it is in, whatever is heard meanwhile."""
    assert Backlog().oldest is None
    backlog = Backlog()
    backlog.heard(ONE, 4, now=10.0)
    backlog.heard(TWO, 4, now=11.0)
    backlog.heard(ONE, 9, now=12.0)
    assert backlog.oldest == 10.0
    backlog.reached({ONE: 0}, {ONE: 9}, now=13.0)
    assert backlog.oldest == 10.0  # looked at, and not moved
    backlog.reached({ONE: 9}, now=14.0)
    assert backlog.oldest == 11.0
    backlog.drop([TWO])
    assert not backlog._since


def test_a_list_that_moves_is_not_old() -> None:
    """One that is written to all the time waits all the time, and yet never long."""
    backlog = Backlog()
    for moment in range(1, 100):
        backlog.heard(ONE, moment + 1, now=float(moment))
        backlog.reached({ONE: moment}, {ONE: moment + 1}, now=moment + 0.5)
        assert backlog.oldest is not None
        assert backlog.oldest >= moment - 1


@given(NEWS, st.sets(LISTS))
def test_it_keeps_no_time_of_what_does_not_wait(
    news: list[tuple[UUID, int]], mine: set[UUID]
) -> None:
    """Memory stays bounded by what waits."""
    backlog = Backlog(3)
    for moment, (list_id, head) in enumerate(news):
        backlog.heard(list_id, head, float(moment))
        backlog.reached({list_id: head // 2}, now=float(moment))
    backlog.keep(mine.__contains__)
    assert backlog._since.keys() == backlog._waiting.keys()
