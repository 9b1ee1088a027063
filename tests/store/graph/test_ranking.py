"""Tests of the points."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.graph.pulls import Pull
from store.graph.ranking import (
    DAY_MS,
    HOUR_MS,
    Candidate,
    due_points,
    order_of,
    recommendation,
    score_of,
)

NOW = 1_800_000_000_000
LIST = UUID(int=1)


def _candidate(**fields: object) -> Candidate:
    plain = {"due": None, "priority": 0, "created": NOW, "mine": False}
    return Candidate(UUID(int=2), LIST, **{**plain, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hours", "points"),
    [
        (20 * 24, 0),
        (14 * 24, 0),
        (7 * 24, 50),
        (24, 92),
        (0, 100),
        (-84, 125),
        (-168, 150),
        (-9999, 150),
    ],
)
def test_a_date_presses_the_more_the_nearer_it_is(hours: int, points: int) -> None:
    """From two weeks ahead to one week over."""
    assert due_points(NOW + hours * HOUR_MS, NOW) == points


@given(st.integers(-(10**10), 10**10), st.integers(0, 10**10))
def test_time_never_makes_a_date_press_less(until: int, later: int) -> None:
    """Nor does it ever leave the bounds."""
    before, after = due_points(NOW + until, NOW), due_points(NOW + until, NOW + later)
    assert 0 <= before <= after <= 150


def test_every_point_has_its_reason() -> None:
    """And the reasons' sum is the score."""
    candidate = _candidate(
        due=NOW + DAY_MS,
        priority=2,
        created=NOW - 10 * DAY_MS,
        mine=True,
        pull=Pull(count=4, due=NOW, priority=3, people=("ann", "bob", "cyd")),
    )
    made = recommendation(candidate, "ann", NOW)
    assert {reason.kind: reason.points for reason in made.reasons} == {
        "due": 92,
        "priority": 30,
        "unblocks": 8 + 8 + 30 + 20,
        "assigned": 40,
        "age": 3,
    }
    assert made.score == score_of(candidate, "ann", NOW) == 231
    assert [reason.facts for reason in made.reasons] == [
        {"due_in_hours": 24},
        {"priority": "medium"},
        {"todos": 4, "people": 2, "due_in_hours": 0},
        {},
        {"days": 10},
    ]


def test_what_is_worth_nothing_is_no_reason() -> None:
    """A todo without a date, made just now."""
    assert recommendation(_candidate(), "ann", NOW).reasons == ()


def test_what_waits_presses_only_by_what_it_adds() -> None:
    """A todo that is as urgent itself gains nothing by it, and the asker does not wait for it."""
    pulled = Pull(count=1, due=NOW, priority=3, people=("ann",))
    own = _candidate(due=NOW, priority=3, pull=pulled)
    assert {one.kind: one.points for one in recommendation(own, "ann", NOW).reasons} == {
        "due": 100,
        "priority": 60,
        "unblocks": 2,
    }
    assert score_of(_candidate(pull=pulled), "ann", NOW) == 162


def test_equal_scores_go_by_date_then_age_then_id() -> None:
    """So the order is the same wherever it is made."""
    some = [
        _candidate(due=NOW + 1),
        _candidate(due=NOW + 2),
        _candidate(created=NOW - 1),
        _candidate(),
    ]
    mixed = [some[place] for place in (2, 0, 3, 1)]
    assert sorted(mixed, key=lambda one: order_of(one, 0)) == some
