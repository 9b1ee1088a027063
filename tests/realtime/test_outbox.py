"""Bytes that wait for one socket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime.outbox import Dropped, Outbox, Weight


def test_messages_leave_in_order_joined_by_newlines() -> None:
    """One frame carries what waits."""
    outbox: Outbox[str] = Outbox()
    for message in (b"a", b"b", b"c"):
        assert outbox.push(message) == []
    assert outbox.take(1_000) == b"a\nb\nc"
    assert outbox.take(1_000) is None
    assert (len(outbox), outbox.bytes) == (0, 0)


def test_messages_with_their_lengths_need_nothing_between() -> None:
    """The encoding says what separates them, and that counts, too."""
    outbox: Outbox[str] = Outbox()
    for message in (b"aa", b"bb", b"cc"):
        outbox.push(message)
    assert outbox.take(4, b"") == b"aabb"
    assert outbox.take(4, b"") == b"cc"


def test_a_frame_is_not_larger_than_asked_unless_one_message_is() -> None:
    """Large queues leave in pieces."""
    outbox: Outbox[str] = Outbox()
    for message in (b"a" * 6, b"b" * 6, b"c" * 6, b"d" * 50):
        outbox.push(message)
    assert outbox.take(13) == b"aaaaaa\nbbbbbb"
    assert outbox.take(13) == b"cccccc"
    assert outbox.take(13) == b"d" * 50


def test_signals_give_way_first() -> None:
    """They are at most once by nature."""
    outbox: Outbox[str] = Outbox(entries=3)
    outbox.push(b"1", Weight.ENTRY, "list", 1)
    outbox.push(b"s", Weight.SIGNAL)
    outbox.push(b"r", Weight.REPLY)
    assert outbox.push(b"2", Weight.ENTRY, "list", 2) == []
    assert outbox.take(1_000) == b"1\nr\n2"


def test_then_all_entries_give_way_and_their_sources_are_named() -> None:
    """Each with the first offset that did not leave; replies stay."""
    outbox: Outbox[str] = Outbox(size=10)
    outbox.push(b"rr", Weight.REPLY)
    outbox.push(b"111", Weight.ENTRY, "one", 7)
    outbox.push(b"222", Weight.ENTRY, "two", 4)
    dropped = outbox.push(b"333", Weight.ENTRY, "one", 8)
    assert dropped == [Dropped("one", 7), Dropped("two", 4)]
    assert outbox.take(1_000) == b"rr"


def test_a_reply_always_fits() -> None:
    """It is never dropped, and drops nothing."""
    outbox: Outbox[str] = Outbox(size=4)
    outbox.push(b"111", Weight.ENTRY, "one", 1)
    assert outbox.push(b"reply", Weight.REPLY) == []
    assert outbox.full


def test_a_single_large_entry_fits() -> None:
    """Otherwise it could never be sent."""
    outbox: Outbox[str] = Outbox(size=4)
    assert outbox.push(b"large entry", Weight.ENTRY, "one", 1) == []


def test_cleared_means_nothing_leaves() -> None:
    """A revoked session gets nothing more."""
    outbox: Outbox[str] = Outbox()
    outbox.push(b"secret", Weight.ENTRY, "one", 1)
    outbox.clear()
    assert outbox.take(1_000) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Weight), st.integers(1, 30), st.sampled_from("ab"), st.booleans()
        ),
        max_size=60,
    )
)
def test_every_entry_leaves_or_is_named(steps: list[tuple[Weight, int, str, bool]]) -> None:
    """Per source: what left and what was dropped are told apart exactly, within the bound."""
    outbox: Outbox[str] = Outbox(entries=6, size=100)
    counts = {"a": 0, "b": 0}
    waiting: dict[str, list[int]] = {"a": [], "b": []}
    for weight, size, source, take in steps:
        if weight is Weight.ENTRY:
            counts[source] += 1
            waiting[source].append(counts[source])
            dropped = outbox.push(b"x" * size, weight, source, counts[source])
        else:
            dropped = outbox.push(b"x" * size, weight)
        for one in dropped:
            assert waiting[one.source][0] == one.offset
            waiting[one.source].clear()
        replies = sum(1 for item in outbox._items if item[1] is Weight.REPLY)
        assert len(outbox) <= 6 + replies
        assert outbox.bytes == sum(len(item[0]) for item in outbox._items)
        queued = {"a": [], "b": []}  # type: dict[str, list[int]]
        for item in outbox._items:
            if item[2] is not None:
                queued[item[2]].append(item[3])
        assert queued == waiting
        if take:
            outbox.take(10_000)
            waiting = {"a": [], "b": []}
