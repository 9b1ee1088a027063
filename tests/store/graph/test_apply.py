"""Tests that runs of entries, however cut, come to what the list is."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from store.graph.apply import apply
from store.graph.model import Delta, ListGraph, TodoNode
from tests.store.graph.histories import LISTS, World, folded, worlds

CUTS = st.lists(st.integers(0, 99), max_size=6)


@given(worlds(), CUTS)
def test_however_a_history_is_cut_its_runs_come_to_the_list(world: World, cuts: list[int]) -> None:
    """Purged todos, ended lists and people who left and came back among them."""
    for list_id in LISTS:
        whole = len(world.logs[list_id])
        bounds = sorted({0, whole, *(cut % whole for cut in cuts)})
        state = None
        for since, end in pairwise(bounds):
            state = apply(state, folded(world, (list_id, since, end)))
            assert apply(state, folded(world, (list_id, since, end))) == state
        assert state == world.whole(list_id)


@given(worlds(), CUTS)
def test_a_longer_run_that_begins_earlier_comes_to_the_same(world: World, cuts: list[int]) -> None:
    """Whatever is there already of what it says."""
    for list_id in LISTS:
        whole = len(world.logs[list_id])
        for cut in cuts:
            part = apply(None, folded(world, (list_id, 0, cut % whole)))
            assert apply(part, folded(world, (list_id, 0, whole))) == world.whole(list_id)


def _node(number: int, **fields: object) -> TodoNode:
    return TodoNode(UUID(int=number), "milk", 0, 0, "ann", **fields)  # type: ignore[arg-type]


ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


def test_an_id_that_is_used_again_is_another_todo() -> None:
    """What waited for the purged one does not wait for the new one."""
    before = ListGraph(LISTS[0], 5, todos={ONE: _node(1), TWO: _node(2, blocked_by={ONE})})
    again = Delta(LISTS[0], 5, 7, purged=frozenset({ONE}), made={ONE: _node(1, offset=7)})
    after = apply(before, again)
    assert after.todos[ONE].offset == 7
    assert after.todos[TWO].blocked_by == frozenset()


def test_who_came_back_may_be_assigned_to_what_was_made_since() -> None:
    """People are taken off the todos that are there before the run only."""
    before = ListGraph(LISTS[0], 5, todos={ONE: _node(1, assignees=frozenset({"ann", "bob"}))})
    back = Delta(
        LISTS[0],
        5,
        9,
        unassigned=frozenset({"bob"}),
        made={TWO: _node(2, assignees=frozenset({"bob"}))},
    )
    after = apply(before, back)
    assert after.todos[ONE].assignees == {"ann"}
    assert after.todos[TWO].assignees == {"bob"}


def test_what_is_said_of_a_todo_that_is_not_there_is_dropped() -> None:
    """Nor does anything wait for one that is not there."""
    delta = Delta(
        LISTS[0],
        0,
        3,
        made={ONE: _node(1, blocked_by=frozenset({TWO, THREE})), TWO: _node(2)},
        changed={THREE: {"offset": 3}},
        terms={THREE: frozenset({"x"})},
        labels={(THREE, "x"): True},
        assigned={(THREE, "ann"): True},
        blocked={(THREE, ONE): True, (TWO, THREE): True},
    )
    after = apply(None, delta)
    assert set(after.todos) == {ONE, TWO}
    assert after.todos[ONE].blocked_by == {TWO}
    assert after.todos[TWO].blocked_by == frozenset()
