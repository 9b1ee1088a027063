"""Hold none, one or many."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from realtime.few import Few, added, removed


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4))))
def test_what_comes_and_goes_is_held_once_in_order_of_arrival(
    steps: list[tuple[bool, int]],
) -> None:
    """It behaves like a dict without values."""
    few: Few[int] = ()
    model: dict[int, None] = {}
    for comes, one in steps:
        few = added(few, one) if comes else removed(few, one)
        if comes:
            model[one] = None
        else:
            model.pop(one, None)
        assert list(few) == list(model)
        assert len(few) == len(model)
        assert all((number in few) == (number in model) for number in range(5))


def test_one_alone_takes_a_quarter_of_a_dict() -> None:
    """Not even after there were a thousand."""
    few: Few[int] = ()
    for one in range(1_000):
        few = added(few, one)
    for one in range(999):
        few = removed(few, one)
    assert sys.getsizeof(few) * 4 <= sys.getsizeof({1: None})
    assert removed(few, 999) == ()
