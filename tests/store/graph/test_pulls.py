"""Tests of what pulls at an open todo."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from store.graph.model import TodoNode
from store.graph.pulls import MOST_PEOPLE, NOTHING, OpenTodo, Pull, open_todo, pulls

NAMES = [f"p{number:02}" for number in range(30)]


def _id(number: int) -> UUID:
    return UUID(int=number)


def _todo(
    number: int,
    *waits_for: int,
    due: int | None = None,
    priority: int = 0,
    people: frozenset[str] | None = None,
) -> OpenTodo:
    others = frozenset(map(_id, waits_for))
    return OpenTodo(_id(number), due, priority, people or frozenset({"ann"}), others)


@st.composite
def _todos(draw: st.DrawFn) -> list[OpenTodo]:
    """Draw todos that wait for earlier ones, and for some that are not there; in any order."""
    todos = [
        _todo(
            number,
            *draw(st.frozensets(st.integers(1, number - 1) | st.integers(90, 99), max_size=4))
            if number > 1
            else (),
            due=draw(st.none() | st.integers(-5, 5)),
            priority=draw(st.integers(0, 3)),
            people=draw(st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=25)),
        )
        for number in range(1, draw(st.integers(0, 12)) + 1)
    ]
    return draw(st.permutations(todos))


def _waiting(todos: list[OpenTodo], one: UUID) -> list[OpenTodo]:
    """Find all that wait for one, the slow and obvious way."""
    found: set[UUID] = set()
    while True:
        more = {todo.id for todo in todos if not ({one} | found).isdisjoint(todo.waits_for)}
        if more == found:
            return [todo for todo in todos if todo.id in found]
        found = more


@given(_todos())
def test_all_that_waits_pulls_however_far_away_it_is(todos: list[OpenTodo]) -> None:
    """Each is counted once, whatever the number of ways to it."""
    ids = {todo.id for todo in todos}
    found = pulls(todos)
    assert set(found) == ids
    for todo in todos:
        waiting = _waiting(todos, todo.id)
        assert found[todo.id] == Pull(
            blockers=len(ids.intersection(todo.waits_for)),
            due=min((one.due for one in waiting if one.due is not None), default=None),
            priority=max((one.priority for one in waiting), default=0),
            count=len(waiting),
            people=tuple(sorted({name for one in waiting for name in one.people})[:MOST_PEOPLE]),
        )


def test_a_todo_without_dependencies_has_no_pull() -> None:
    """What is not open, or not there, neither blocks nor pulls."""
    assert pulls([_todo(1), _todo(2, 9)]) == {_id(1): NOTHING, _id(2): NOTHING}
    assert pulls([]) == {}


def test_a_circle_ends() -> None:
    """The database refuses one; should it be there all the same, its todos wait for one another."""
    found = pulls([_todo(1, 2), _todo(2, 1), _todo(3, 1, 4), _todo(4), _todo(5, 5)])
    assert [found[_id(number)].blockers for number in range(1, 6)] == [1, 1, 2, 0, 1]
    assert found[_id(4)].count == 1


def test_two_thousand_in_a_net_are_walked_once() -> None:
    """Each waits for the ten before it: the ways through them are more than there are atoms."""
    todos = [
        _todo(number, *range(max(1, number - 10), number), due=number) for number in range(1, 2_001)
    ]
    found = pulls(todos)
    assert found[_id(1)] == Pull(0, 2, 0, 1_999, ("ann",))
    assert found[_id(2_000)] == Pull(blockers=10)


def test_an_open_todo_matters_to_its_assignees_or_else_to_its_maker() -> None:
    """Someone always waits."""
    node = TodoNode(_id(1), "milk", 2, 0, "ann", due=7, blocked_by=frozenset({_id(2)}))
    assert open_todo(node) == OpenTodo(_id(1), 7, 2, ("ann",), frozenset({_id(2)}))
    assigned = TodoNode(_id(1), "milk", 2, 0, "ann", assignees=frozenset({"bob"}))
    assert open_todo(assigned).people == {"bob"}
