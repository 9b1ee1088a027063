"""Fractional keys sort where they were asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.todo.position import between


@given(st.lists(st.integers(0, 1_000), max_size=200))
def test_keys_stay_in_order_whatever_the_insertions(places: list[int]) -> None:
    """Insert at random places: bytewise order is the order of the list, no two keys are equal."""
    keys: list[str] = []
    for place in places:
        index = place % (len(keys) + 1)
        low = keys[index - 1] if index else None
        high = keys[index] if index < len(keys) else None
        keys.insert(index, between(low, high))
    assert [key.encode() for key in keys] == sorted({key.encode() for key in keys})


def test_appending_ten_thousand_todos_keeps_keys_short() -> None:
    """The end of a list grows by counting, not by lengthening."""
    key = None
    for _ in range(10_000):
        key = between(key, None)
    assert key is not None
    assert len(key) <= 4


def test_inserting_at_the_front_ten_thousand_times_keeps_keys_short() -> None:
    """The front counts downwards."""
    key = None
    for _ in range(10_000):
        key = between(None, key)
    assert key is not None
    assert len(key) <= 4


def test_inserting_at_one_place_grows_a_key_by_a_character_in_several() -> None:
    """The worst case is linear, with a small factor."""
    low, high = between(None, None), None
    high = between(low, None)
    for _ in range(600):
        high = between(low, high)
    assert len(high) <= 150


@pytest.mark.parametrize(("low", "high"), [("a1", "a1"), ("a2", "a1"), ("!", None), ("b1", "b2")])
def test_ends_out_of_order_or_foreign_keys_are_refused(low: str, high: str | None) -> None:
    """Nothing fits there, and saying so beats a wrong order."""
    with pytest.raises(ValueError, match="key"):
        between(low, high)
