"""What is drawn of many dependencies lies nearest to what can be done now."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from store.graph.answers import Dependency
from store.graph.excerpt import excerpt

MANY = 10**6


def todo(number: int, *waits_for: int, completed: bool = False) -> Dependency:
    """Make a todo that waits for others, named by their numbers."""
    others = tuple(UUID(int=other) for other in sorted(waits_for))
    return Dependency(UUID(int=number), f"todo {number}", completed, None, others)


def numbers(todos: tuple[Dependency, ...]) -> list[int]:
    """Give the numbers back."""
    return [one.todo_id.int for one in todos]


def test_few_are_all_drawn() -> None:
    """With every dependency between them."""
    todos = (todo(1), todo(2, 1, 3), todo(3, completed=True))
    drawn = excerpt(todos, 3, 2)
    assert (drawn.todos, drawn.whole) == (todos, True)
    assert [(one.int, other.int) for one, other in drawn.edges] == [(2, 1), (2, 3)]


def test_what_can_be_done_now_comes_first_then_what_follows_from_it() -> None:
    """Step by step, what is done at the very end; ids decide between equals."""
    todos = (
        todo(1, 5),  # two steps ahead
        todo(2, completed=True),
        todo(3, 4, 2),  # one step
        todo(4),
        todo(5, 9),  # one step
        todo(6, 1),  # three steps
        todo(9, 2),  # waits for what is done: nothing
    )
    order = [4, 9, 3, 5, 1, 6, 2]
    for most in range(1, 8):
        drawn = excerpt(todos, most, MANY)
        assert numbers(drawn.todos) == sorted(order[:most])
        assert drawn.whole is (most == 7)


def test_too_many_dependencies_are_cut_and_said_to_be() -> None:
    """A few todos may be tied to each other very often."""
    todos = (todo(1), todo(2), todo(3, 1, 2))
    drawn = excerpt(todos, 3, 1)
    assert numbers(drawn.todos) == [1, 2, 3]
    assert [(one.int, other.int) for one, other in drawn.edges] == [(3, 1)]
    assert not drawn.whole


@given(
    st.lists(st.tuples(st.frozensets(st.integers(0, 14), max_size=4), st.booleans()), max_size=15),
    st.integers(1, 16),
    st.integers(0, 40),
)
def test_whatever_is_chosen_hangs_together(
    made: list[tuple[frozenset[int], bool]], most: int, edges: int
) -> None:
    """As many as allowed; an open one is there with an open one it waits for, or waits for none."""
    todos = tuple(
        todo(number, *(other for other in others if other < number), completed=completed)
        for number, (others, completed) in enumerate(made)
    )
    drawn = excerpt(todos, most, edges)
    assert len(drawn.todos) == min(most, len(todos))
    assert numbers(drawn.todos) == sorted(numbers(drawn.todos))
    shown = {one.todo_id for one in drawn.todos}
    tied = [(one.todo_id, other) for one in drawn.todos for other in one.waits_for]
    between = [edge for edge in tied if edge[1] in shown]
    assert list(drawn.edges) == between[:edges]
    assert drawn.whole is (len(todos) <= most and len(between) <= edges)
    still_open = {one.todo_id for one in todos if not one.completed}
    for one in drawn.todos:
        blockers = still_open.intersection(one.waits_for)
        assert one.completed or not blockers or blockers & shown
    if any(one.completed for one in drawn.todos) and len(drawn.todos) < len(todos):
        assert still_open <= shown
