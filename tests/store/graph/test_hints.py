"""Tests of suggested labels and companions."""

from __future__ import annotations

from uuid import UUID

from store.graph.answers import Companion, LabelHint
from store.graph.hints import Neighbour, companions, label_hints


def _near(number: int, title: str, created: int = 0) -> Neighbour:
    return Neighbour(UUID(int=number), title.casefold(), title, created)


def test_labels_of_this_list_weigh_double() -> None:
    """The count shown is of todos all the same; equals go by their names."""
    counts = {"far": (0, 3), "near": (2, 0), "both": (1, 1), "also": (0, 3)}
    assert label_hints(counts, 3) == (
        LabelHint("near", 2),
        LabelHint("also", 3),
        LabelHint("both", 2),
    )
    assert label_hints({}, 3) == ()


def test_a_todo_counts_once_however_many_it_was_added_with() -> None:
    """And a title is often added only from the second time on."""
    near = [_near(1, "bread"), _near(1, "bread"), _near(2, "eggs"), _near(3, "eggs")]
    assert companions(near, (), 9) == (Companion("eggs", 2),)


def test_what_is_open_is_not_suggested_again() -> None:
    """Whatever its spelling."""
    near = [_near(1, "Eggs"), _near(2, "eggs")]
    assert companions(near, ["eggs"], 9) == ()


def test_the_most_frequent_come_first_in_their_newest_spelling() -> None:
    """Equals go by title."""
    near = [
        *(_near(number, "bread") for number in (1, 2)),
        _near(3, "EGGS", created=5),
        _near(4, "eggs", created=7),
        _near(5, "Eggs", created=6),
        *(_near(number, "apples") for number in (6, 7)),
    ]
    assert companions(near, (), 9) == (
        Companion("eggs", 3),
        Companion("apples", 2),
        Companion("bread", 2),
    )
    assert companions(near, (), 1) == (Companion("eggs", 3),)
