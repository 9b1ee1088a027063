"""Tests that runs of entries, however cut, come to what the list is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from store.graph.apply import apply
from store.graph.model import Delta, ListGraph, TodoNode
from store.todo.model import Todo, person_json, todo_json
from tests.store.graph.histories import LISTS, PEOPLE, START, World, folded, worlds

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
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


def _began(list_id: UUID) -> World:
    """Begin a list of ann's and bob's with one todo of bob's."""
    world = World()
    world.found(list_id, "ann")
    user = person_json(PEOPLE["bob"])
    world.enter(list_id, "ann", "member.added", user=user, role="editor")
    for number in (1, 2):
        made = Todo(UUID(int=number), list_id, "milk", "a", PEOPLE["ann"], START, START, 0)
        blocked_by = (UUID(int=1),) * (number - 1)
        made = replace(made, assignees=("ann", "bob"), blocked_by=blocked_by)
        world.enter(list_id, "ann", "todo.created", todo=todo_json(made))
    return world


def test_who_is_removed_is_taken_off_everything_in_whatever_run() -> None:
    """Off what was made or assigned in the same run, and off what was there; not off others."""
    world = _began(LISTS[0])
    cut = len(world.logs[LISTS[0]])
    user = person_json(PEOPLE["bob"])
    about = {"todo_id": str(ONE), "user": user}
    world.enter(LISTS[0], "ann", "todo.unassigned", **about)
    world.enter(LISTS[0], "ann", "todo.assigned", **about)
    world.enter(LISTS[0], "ann", "member.removed", user=user)
    whole = world.whole(LISTS[0])
    assert [todo.assignees for todo in whole.todos.values()] == [{"ann"}, {"ann"}]
    end = len(world.logs[LISTS[0]])
    before = apply(None, folded(world, (LISTS[0], 0, cut)))
    assert apply(before, folded(world, (LISTS[0], cut, end))) == whole
    assert apply(None, folded(world, (LISTS[0], 0, end))) == whole


def test_what_is_purged_holds_nothing_up_in_whatever_run() -> None:
    """Nor does what was tied to it in the same run."""
    world = _began(LISTS[0])
    cut = len(world.logs[LISTS[0]])
    for kind in ("todo.unblocked", "todo.blocked"):
        world.enter(LISTS[0], "ann", kind, todo_id=str(TWO), by=str(ONE))
    for kind in ("todo.deleted", "todo.purged"):
        world.enter(LISTS[0], "ann", kind, todo_id=str(ONE))
    whole = world.whole(LISTS[0])
    assert [(todo.id, todo.blocked_by) for todo in whole.todos.values()] == [(TWO, frozenset())]
    end = len(world.logs[LISTS[0]])
    before = apply(None, folded(world, (LISTS[0], 0, cut)))
    assert apply(before, folded(world, (LISTS[0], cut, end))) == whole
    assert apply(None, folded(world, (LISTS[0], 0, end))) == whole


def _node(number: int, **fields: object) -> TodoNode:
    return TodoNode(UUID(int=number), "milk", 0, 0, "ann", **fields)  # type: ignore[arg-type]


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
