"""Tests of the chain that takes longest."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from store.graph.answers import Dependency
from store.graph.critical_path import ASSUMED_MIN, CriticalPath, critical_path


def _id(number: int) -> UUID:
    return UUID(int=number)


def _todo(number: int, minutes: int | None, *waits_for: int, completed: bool = False) -> Dependency:
    others = tuple(map(_id, sorted(waits_for)))
    return Dependency(_id(number), f"todo {number}", completed, minutes, others)


@st.composite
def _todos(draw: st.DrawFn) -> list[Dependency]:
    return [
        _todo(
            number,
            draw(st.none() | st.integers(1, 60)),
            *(draw(st.frozensets(st.integers(0, number), max_size=3)) - {number}),
            completed=draw(st.booleans()) and draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


def _chains(todos: dict[UUID, Dependency], last: UUID) -> list[list[Dependency]]:
    before = [one for one in todos[last].waits_for if one in todos]
    ways = [way for one in before for way in _chains(todos, one)] or [[]]
    return [[*way, todos[last]] for way in ways]


@given(_todos())
def test_no_chain_takes_longer(todos: list[Dependency]) -> None:
    """It is a chain itself, and its length is the sum of its todos, done ones not counted."""
    path = critical_path(todos)
    still_open = {one.todo_id: one for one in todos if not one.completed}
    lengths = [
        sum(ASSUMED_MIN if one.estimate_min is None else one.estimate_min for one in chain)
        for last in still_open
        for chain in _chains(still_open, last)
    ]
    assert path.minutes == max(lengths, default=0)
    steps = [step.todo for step in path.steps]
    if steps:
        assert steps in _chains(still_open, steps[-1].todo_id)
    assert path.assumed == sum(one.estimate_min is None for one in steps)
    assert critical_path(reversed(todos)) == path


def test_a_step_begins_when_all_before_it_is_done() -> None:
    """Counted from now, in minutes."""
    path = critical_path([_todo(1, 20), _todo(2, None, 1), _todo(3, 5, 1, 2), _todo(4, 40)])
    assert [(step.todo.title, step.starts_min) for step in path.steps] == [
        ("todo 1", 0),
        ("todo 2", 20),
        ("todo 3", 50),
    ]
    assert (path.minutes, path.assumed) == (55, 1)


def test_nothing_open_takes_no_time() -> None:
    """Nor does a list without todos."""
    assert critical_path([]) == critical_path([_todo(1, 5, completed=True)])
    assert critical_path([]) == CriticalPath(0, (), 0)


def test_ten_thousand_in_a_lattice_are_looked_at_once_each() -> None:
    """The ways through them are more than there are atoms."""
    rows = [range(row * 10, row * 10 + 10) for row in range(1_000)]
    todos = [
        _todo(number, 1, *(rows[row - 1] if row else ()))
        for row in range(1_000)
        for number in rows[row]
    ]
    assert critical_path(todos).minutes == 1_000
