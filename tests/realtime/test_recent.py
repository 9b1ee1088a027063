"""What a replica remembers of a log is exactly what the log said, or nothing."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from realtime.recent import Recent, RecentBudget
from tests.realtime.makers import OTHER, USER, offsets, pub


def test_the_last_entries_are_given_again() -> None:
    """From any position that is remembered up to the last, and from no other."""
    recent = Recent(RecentBudget(10_000))
    for offset in range(5, 25):
        recent.add(pub(offset))
    assert recent.after(24, 24) == []
    for since in (4, 5, 10, 15, 16, 20, 23):
        missed = recent.after(since, 24)
        assert missed is not None
        assert offsets(missed) == list(range(since + 1, 25))
    assert recent.after(3, 24) is None
    assert recent.after(25, 24) is None


def test_a_read_that_reaches_further_back_fills_it() -> None:
    """The first client that returns after a quiet time reads for those behind it."""
    recent = Recent(RecentBudget(10_000))
    recent.add(pub(9))
    recent.seed([pub(7), pub(8)], 9)  # does not reach to the position: of no use
    assert recent.after(6, 9) is None
    recent.seed([pub(7), pub(8), pub(9)], 9)
    assert recent.after(6, 9) is not None
    recent.seed([pub(9)], 9)
    assert recent.after(6, 9) is not None


def test_all_feeds_together_stay_within_the_budget() -> None:
    """Whoever grows beyond it forgets its own oldest; letting go gives the room back."""
    budget = RecentBudget(1_000)
    feeds = [Recent(budget) for _ in range(3)]
    for offset in range(1, 200):
        for feed in feeds:
            feed.add(pub(offset))
            assert budget.used <= budget.limit
    for feed in feeds:
        feed.clear()
    assert budget.used == 0


def test_a_membership_lasts_until_the_log_ends_it() -> None:
    """A removal that a read has already seen past does not count; the list's end counts for all."""
    recent = Recent(RecentBudget(10_000))
    recent.learn(USER, 5, 5)
    recent.learn(OTHER, 7, 5)
    recent.add(pub(6, "member.removed", OTHER))
    assert recent.knows(OTHER)
    recent.add(pub(7, "member.removed", USER))
    assert not recent.knows(USER)
    recent.learn(USER, 6, 7)  # read before the removal, answered after it
    assert not recent.knows(USER)
    recent.add(pub(8, "list.deleted"))
    assert not recent.knows(OTHER)


@given(st.data())
def test_nobody_is_known_who_is_no_member_where_the_log_stands(data: st.DataObject) -> None:
    """Whatever the order of additions, removals, and reads that come late."""
    people = [UUID(int=number) for number in (1, 2, 3)]
    log: list[tuple[str, UUID]] = data.draw(
        st.lists(st.tuples(st.sampled_from(["added", "removed"]), st.sampled_from(people)))
    )

    def member(user: UUID, at: int) -> bool:
        return [kind for kind, who in log[:at] if who == user][-1:] == ["added"]

    recent = Recent(RecentBudget(10_000))
    for position in range(len(log) + 1):
        if position:
            kind, who = log[position - 1]
            recent.add(pub(position, f"member.{kind}", who))
        for user in people:
            head = data.draw(st.integers(0, len(log)))
            if member(user, head):
                recent.learn(user, head, position)
            # A read may be ahead of what was delivered here: it saw the membership at its head.
            if recent.knows(user):
                assert any(member(user, at) for at in range(position, len(log) + 1))
