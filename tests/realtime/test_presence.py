"""Who is here, on every replica."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from realtime.presence import ClientInfo, Diff, Presence

ANN = ClientInfo("c1", "u1", "ann")
ANNS_PHONE = ClientInfo("c2", "u1", "ann")
BOB = ClientInfo("c3", "u2", "bob")


def test_connections_are_counted_and_people_counted_once() -> None:
    """One person with two devices is two connections."""
    presence = Presence()
    for info in (ANN, ANNS_PHONE, BOB):
        assert presence.join(info) == Diff(joined=(info,))
    assert presence.join(ANN) == Diff()
    assert (presence.num_clients, presence.num_users) == (3, 2)
    assert presence.leave("c2") == Diff(left=(ANNS_PHONE,))
    assert presence.leave("c2") == Diff()
    assert list(presence) == [ANN, BOB]


def test_other_replicas_come_and_go_by_their_word() -> None:
    """Joins, leaves and digests of another replica are merged."""
    presence = Presence()
    assert presence.remote_change("r2", 1, [ANN], [], 0.0) == Diff(joined=(ANN,))
    assert presence.remote_change("r2", 1, [ANN], [], 0.0) == Diff()
    assert presence.digest("r2", 3, [ANN, BOB], 0.0) == Diff(joined=(BOB,))
    assert presence.remote_change("r2", 4, [], [ANN], 0.0) == Diff(left=(ANN,))
    assert presence.digest("r2", 5, [], 0.0) == Diff(left=(BOB,))


def test_what_is_older_than_what_was_seen_does_not_count() -> None:
    """Messages overtake each other; the later word stands."""
    presence = Presence()
    presence.digest("r2", 7, [BOB], 0.0)
    assert presence.remote_change("r2", 6, [ANN], [], 0.0) == Diff()
    assert presence.digest("r2", 5, [ANN], 0.0) == Diff()
    assert presence.remote_change("r2", 7, [], [BOB], 0.0) == Diff()
    presence.digest("r2", 8, [], 0.0)
    assert presence.remote_change("r2", 8, [ANN], [], 0.0) == Diff()


def test_changes_of_one_moment_are_told_together() -> None:
    """Once, and nobody hears of who came and went in between."""
    presence = Presence()
    for info in (ANN, ANNS_PHONE, BOB):
        presence.join(info)
    presence.leave("c2")
    assert presence.untold() == Diff(joined=(ANN, BOB))
    presence.leave("c1")
    assert presence.untold() == Diff(left=(ANN,))
    assert presence.untold() == Diff()
    presence.leave("c3")
    presence.join(BOB)  # it subscribed again at once
    assert presence.untold() == Diff()
    there = Presence()
    assert there.remote_change("r", 3, [ANN, BOB], [], 0.0) == Diff(joined=(ANN, BOB))
    assert there.remote_change("r", 4, [ANNS_PHONE], [ANN], 0.0) == Diff((ANNS_PHONE,), (ANN,))


def test_a_silent_replica_is_forgotten() -> None:
    """A crash leaves nobody standing around for longer than the lease."""
    presence = Presence(lease_s=10.0)
    presence.remote_change("r2", 1, [ANN], [], 0.0)
    presence.join(BOB)
    presence.digest("r2", 1, [ANN], 5.0)
    assert presence.expire(14.9) == Diff()
    assert presence.expire(15.0) == Diff(left=(ANN,))
    assert list(presence) == [BOB]


@given(
    changes=st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.booleans()), max_size=30),
    seed=st.randoms(use_true_random=False),
    lost=st.sets(st.integers(0, 60)),
)
def test_replicas_converge_whatever_the_bus_does(
    changes: list[tuple[bool, int, bool]], seed: random.Random, lost: set[int]
) -> None:
    """Reordered, doubled, lost: after the last digest both see the same, and the diffs add up."""
    here, there = Presence(), Presence()
    told: list[tuple[int, object]] = []
    for joins, number, tells in changes:
        info = ClientInfo(f"c{number}", f"u{number % 3}", "name")
        diff = here.join(info) if joins else here.leave(info.client)
        if tells and diff != Diff():
            told.append((here.version, here.untold()))
        told.append((here.version, tuple(here.local)))
    messages = [one for number, one in enumerate(told + told) if number not in lost]
    seed.shuffle(messages)
    seen: set[ClientInfo] = set()

    def note(diff: Diff) -> None:
        assert not seen & set(diff.joined), "came twice"
        assert set(diff.left) <= seen, "went without having come"
        seen.update(diff.joined)
        seen.difference_update(diff.left)

    for version, what in messages:
        if isinstance(what, tuple):
            note(there.digest("r", version, what, 0.0))
        elif isinstance(what, Diff):
            note(there.remote_change("r", version, what.joined, what.left, 0.0))
    note(there.digest("r", here.version, here.local, 0.0))
    assert {info.client for info in there} == {info.client for info in here}
    assert seen == set(there)
