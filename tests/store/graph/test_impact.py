"""Tests of how far away the todos are that wait for one."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from store.graph.impact import steps_to

IDS = [UUID(int=number) for number in range(8)]
_todo = st.sampled_from(IDS)


@given(st.dictionaries(_todo, st.frozensets(_todo, max_size=4)), _todo)
def test_each_is_as_far_as_the_shortest_way(
    waits_for: dict[UUID, frozenset[UUID]], goal: UUID
) -> None:
    """Whatever the dependencies are, circles among them; the todo itself is not among the found."""
    found = steps_to(goal, waits_for)
    steps = dict(found)
    assert len(steps) == len(found)
    assert goal not in steps
    near = {goal}
    for step in range(1, len(IDS)):
        further = {one for one, others in waits_for.items() if not near.isdisjoint(others)} - near
        assert further == {one for one, count in found if count == step}
        near |= further
    assert set(steps) == near - {goal}


def test_the_nearest_come_first_and_equals_by_their_ids() -> None:
    """So that every graph gives the same order."""
    star = {one: {IDS[7]} for one in reversed(IDS[:7])}
    assert steps_to(IDS[7], star) == [(one, 1) for one in IDS[:7]]


def test_ten_thousand_in_a_row_are_walked_without_recursion() -> None:
    """Each is one step further."""
    row = [UUID(int=number) for number in range(10_000)]
    waits_for = {after: {before} for before, after in pairwise(row)}
    assert steps_to(row[0], waits_for)[-1] == (row[-1], 9_999)
