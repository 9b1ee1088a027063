"""Tests of whom to invite and whom to assign, in points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.graph.people import Meeting, Work, assignments, invitations


@pytest.mark.parametrize(
    ("meeting", "points"),
    [(Meeting(1, 0), 10), (Meeting(3, 2), 40), (Meeting(999, 0), 50), (Meeting(999, 200), 75)],
)
def test_lists_and_acquaintances_count_up_to_a_bound(meeting: Meeting, points: int) -> None:
    """Whoever shares a hundred lists is no better a guess than who shares five."""
    (hint,) = invitations({"bob": meeting}, 9)
    assert hint.score == points == sum(reason.points for reason in hint.reasons)


@pytest.mark.parametrize(
    ("work", "points"),
    [
        (Work(1, 0, 0), 5),
        (Work(2, 3, 1), 10),
        (Work(99, 99, 0), 70),
        (Work(0, 0, 99), -30),
        (Work(1, 0, 99), -25),
    ],
)
def test_what_was_done_counts_for_and_what_is_to_do_against(work: Work, points: int) -> None:
    """So that the one who knows how does not get everything."""
    (hint,) = assignments({"bob": work}, 9)
    assert hint.score == points == sum(reason.points for reason in hint.reasons)


def test_who_did_nothing_and_has_nothing_to_do_is_no_hint() -> None:
    """There is no reason to give."""
    assert assignments({"bob": Work(0, 0, 0)}, 9) == ()
    assert invitations({}, 9) == ()


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.builds(Work, *[st.integers(0, 30)] * 3), max_size=8
    ),
    st.integers(0, 9),
)
def test_the_best_come_first_and_equals_by_name(work: dict[str, Work], limit: int) -> None:
    """However they are counted up."""
    hints = assignments(work, limit)
    everyone = assignments(dict(reversed(work.items())), 99)
    assert hints == everyone[:limit]
    assert list(everyone) == sorted(everyone, key=lambda hint: (-hint.score, hint.username))
