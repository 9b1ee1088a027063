"""A crowded place gets room, and nobody changes places."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from store.todo.position import between
from store.todo.spread import MAX_KEY, REACH, Crowd, is_crowded, spread


def _crowded(stem: str, lower: set[int], higher: set[int], places: list[int]) -> list[str]:
    """Give keys around one place: each shares more of ``stem``, the inner ones all of it."""
    keys = [f"a0{stem[:depth]}1" for depth in sorted(lower | {MAX_KEY})]
    keys += [f"a0{stem[:depth]}z" for depth in sorted(higher | {MAX_KEY}, reverse=True)]
    for place in places:
        low = place % (len(keys) - 1)
        keys.insert(low + 1, between(keys[low], keys[low + 1]))
    return keys


def _crowd(keys: list[str], index: int, own: str | None = None) -> Crowd:
    todos = [(UUID(int=number), key) for number, key in enumerate(keys)]
    return Crowd(
        todos[:index][::-1][: REACH + 1],
        todos[index:][: REACH + 1],
        own,
    )


_DEPTHS = st.sets(st.integers(0, MAX_KEY - 1), max_size=100)


@given(
    stem=st.text("2Vy", min_size=MAX_KEY, max_size=MAX_KEY),
    lower=_DEPTHS,
    higher=_DEPTHS,
    places=st.lists(st.integers(0, 5_000), max_size=60),
    moving=st.booleans(),
)
def test_everybody_keeps_the_order_at_every_moment(
    stem: str, lower: set[int], higher: set[int], places: list[int], *, moving: bool
) -> None:
    """While the neighbours move, one after the other, and when all have; keys are short then."""
    keys = _crowded(stem, lower, higher, places)
    index = next(n for n in range(1, len(keys)) if is_crowded(keys[n - 1], keys[n]))
    # What is being moved may stand right beside the place, or anywhere.
    own = keys.pop(index - 2) if moving and index > 2 else None
    index -= own is not None
    made = spread(_crowd(keys, index, own))
    assert made is not None
    now = list(keys)
    for todo_id, key in made.moves:
        assert len(key) <= MAX_KEY
        now[todo_id.int] = key
        assert now == sorted(set(now))
        assert own not in now
    assert made.key != own
    now.insert(index, made.key)
    assert now == sorted(set(now))
    assert len(made.key) <= MAX_KEY


def test_what_helps_is_a_few_neighbours() -> None:
    """Of a long list, those far away stay where they are."""
    keys = ["a0", "a1"]
    while not is_crowded(keys[0], keys[1]):
        keys.insert(1, between(keys[0], keys[1]))
    for _ in range(1_000):
        keys.append(between(keys[-1], None))
    made = spread(_crowd(keys, 1))
    assert made is not None
    assert 0 < len(made.moves) <= 2 * REACH
    assert max(todo_id.int for todo_id, _ in made.moves) <= REACH


def test_a_place_where_nothing_helps_is_said_to_be_one() -> None:
    """As many as may move have long keys themselves, on both sides."""
    digits = "123456789abcdefghijklmnopqrstuvwxyz"
    keys = [f"a0{'V' * MAX_KEY}{one}{two}" for one in digits for two in digits]
    assert len(keys) > 2 * REACH + 2
    assert is_crowded(keys[REACH], keys[REACH + 1])
    assert spread(_crowd(keys, REACH + 1)) is None
