"""Whether something already waits for another is found out exactly, and with few steps."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from store.todo.dependency import Dependencies, shortest_way

todos = st.integers(0, 7)
changes = st.lists(st.tuples(todos, st.sets(todos, max_size=4)), max_size=20)


@given(begin=changes, later=changes, start=todos, goal=todos)
def test_a_way_is_a_shortest_one_whatever_has_changed(
    begin: list[tuple[int, set[int]]], later: list[tuple[int, set[int]]], start: int, goal: int
) -> None:
    """As long as the one found from one end alone, and each step is one; circles included."""
    waits_for = dict(begin)
    dependencies = Dependencies(waits_for.items())
    for one, others in later:
        waits_for[one] = others
        dependencies.put(one, others)
    way = dependencies.way(start, goal)
    assert len(way) == len(shortest_way(waits_for, start, goal))
    if way:
        assert (way[0], way[-1]) == (start, goal)
        assert all(other in waits_for[one] for one, other in pairwise(way))


def test_what_joins_the_end_of_a_long_chain_takes_few_steps() -> None:
    """A new todo that waits for the last of a thousand, or that the first waits for."""
    chain = Dependencies((number, (number - 1,)) for number in range(1, 1000))
    assert chain.way(999, 1000) == ()
    assert chain.way(-1, 0) == ()
    assert chain.looked_at < 10


def test_every_todo_that_is_looked_at_is_counted() -> None:
    """So that whoever asks often can make room for others."""
    chain = Dependencies((number, (number - 1,)) for number in range(1, 1000))
    assert chain.way(999, 0) == tuple(range(999, -1, -1))
    assert chain.looked_at >= 1000


def test_what_nothing_waits_for_any_more_is_forgotten() -> None:
    """A list that lets go of all it waited for costs nothing more."""
    dependencies = Dependencies([(1, (2, 3)), (2, (3,))])
    dependencies.put(1, ())
    assert dependencies.way(1, 3) == ()
    dependencies.put(2, ())
    assert not dependencies._waits_for
    assert not dependencies._waited_for
