"""Live followers get the same bytes, in order, once, and nothing that is not theirs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.counts import Counts
from realtime.encoding import Encoding
from realtime.encoding_json import JSON
from realtime.encoding_protobuf import PROTOBUF
from realtime.fanout import FanOut
from realtime.feed import Follower
from realtime.frames import framed
from realtime.outbox import Weight
from realtime.presence import ClientInfo
from realtime.publication import Publication
from realtime.subscription import Subscription
from store.entry import Entry
from tests.realtime.makers import LOG, USER, pub


class _Socket:
    """Keep what it is given: finished frames when ``direct``, messages when not."""

    def __init__(self, *, direct: bool = False, encoding: Encoding = JSON, number: int = 0) -> None:
        self.encoding = encoding
        self.number = number
        self.frames: list[bytes] = []
        self.messages: list[tuple[bytes, int]] = []
        self.direct: Callable[[bytes], object] | None = self.frames.append if direct else None

    def push(
        self, message: bytes, weight: Weight, follower: Follower | None = None, offset: int = 0
    ) -> None:
        """Keep a message."""
        assert weight is Weight.ENTRY
        assert follower is not None
        self.messages.append((message, offset))

    def ended(self, *_: Any) -> None:
        """Be ended."""

    def behind(self, *_: Any) -> None:
        """Be behind."""


def _follow(fanout: FanOut, socket: _Socket, user: UUID = USER) -> Follower:
    follower = Follower(socket, Subscription(LOG, user), ClientInfo("c", str(user), "ann"))
    fanout.add(follower)
    return follower


async def _turns(count: int = 1) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_everyone_gets_the_same_bytes() -> None:
    """Framed once for those who take frames, the message for the others."""
    fanout, one, two, three = FanOut(), _Socket(direct=True), _Socket(direct=True), _Socket()
    for socket in (one, two, three):
        _follow(fanout, socket)
    fanout.offer(pub(1))
    await _turns(2)
    assert one.frames == two.frames == [framed(pub(1).frame)]
    assert one.frames[0] is two.frames[0]
    assert three.messages == [(pub(1).frame, 1)]
    assert fanout.counts.deliveries == 3


async def test_what_comes_in_one_turn_is_one_message() -> None:
    """Up to a size; the messages name the first offset in them."""
    fanout, socket = FanOut(), _Socket()
    _follow(fanout, socket)
    for offset in range(1, 11):
        fanout.offer(pub(offset))
    await _turns(2)
    assert socket.messages == [(b"\n".join(pub(offset).frame for offset in range(1, 11)), 1)]
    for offset in range(11, 2_011):
        fanout.offer(pub(offset))
    await _turns(10)
    assert len(socket.messages) > 2
    assert all(len(message) <= 64 * 1024 for message, _ in socket.messages)
    lines = b"\n".join(message for message, _ in socket.messages).split(b"\n")
    assert lines == [pub(offset).frame for offset in range(1, 2_011)]


async def test_connections_are_served_in_the_order_in_which_they_began() -> None:
    """In whichever order they began to follow: their memory lies that way, and so it is faster."""
    fanout, served = FanOut(), []
    for number in (7, 3, 9, 1):
        socket = _Socket(number=number)
        socket.direct = lambda _, number=number: served.append(number)
        _follow(fanout, socket)
    fanout.offer(pub(1))
    await _turns()
    assert served == [1, 3, 7, 9]


async def test_each_encoding_has_its_bytes() -> None:
    """The same publications in the same order, framed as text and as binary."""
    fanout = FanOut()
    text = [_Socket(direct=True), _Socket()]
    binary = [_Socket(direct=True, encoding=PROTOBUF), _Socket(encoding=PROTOBUF)]
    for socket in (text[0], binary[0], text[1], binary[1]):
        _follow(fanout, socket)
    published = [pub(offset) for offset in range(1, 4)]
    for publication in published:
        fanout.offer(publication)
    await _turns(4)
    for encoding, sockets in ((JSON, text), (PROTOBUF, binary)):
        message = encoding.separator.join(map(encoding.publication, published))
        assert sockets[0].frames == [framed(message, text=encoding.text)]
        assert sockets[1].messages == [(message, 1)]
    assert fanout.counts.deliveries == 12


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), max_size=12))
async def test_both_encodings_get_everything_in_order(steps: list[tuple[int, bool]]) -> None:
    """However large the publications are, and wherever a turn ends between them."""
    fanout = FanOut()
    text, binary = _Socket(), _Socket(encoding=PROTOBUF)
    _follow(fanout, text)
    _follow(fanout, binary)
    published: list[Publication] = []
    for size, turn in steps:
        data = b'{"x":"%b"}' % (b"x" * size)
        published.append(Publication(Entry(LOG, len(published) + 1, "t", None, data)))
        fanout.offer(published[-1])
        if turn:
            await _turns()
    await _turns(2 * len(steps) + 2)
    for encoding, socket in ((JSON, text), (PROTOBUF, binary)):
        heard = encoding.separator.join(message for message, _ in socket.messages)
        assert heard == encoding.separator.join(map(encoding.publication, published))


async def test_many_followers_are_served_a_slice_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop is never held for long, and each still gets everything in order."""
    monkeypatch.setattr("realtime.fanout._SLICE", 10)
    fanout = FanOut()
    sockets = [_Socket() for _ in range(35)]
    for socket in sockets:
        _follow(fanout, socket)
    fanout.offer(pub(1))
    served = []
    for turn in range(6):
        await _turns()
        if turn == 1:
            fanout.offer(pub(2))  # on its way behind the first
        served.append(sum(len(socket.messages) for socket in sockets))
    assert max(after - before for before, after in zip([0, *served], served, strict=False)) <= 10
    await _turns(6)
    assert all([offset for _, offset in socket.messages] == [1, 2] for socket in sockets)


async def test_who_leaves_gets_nothing_that_is_on_its_way() -> None:
    """And who comes has had all of it already."""
    fanout, leaving, coming, staying = FanOut(), _Socket(), _Socket(), _Socket()
    one = _follow(fanout, leaving)
    _follow(fanout, staying)
    fanout.offer(pub(1))
    fanout.discard(one)
    _follow(fanout, coming)
    fanout.offer(pub(2))
    fanout.add(one)  # back again, level with the log
    fanout.offer(pub(3))
    await _turns(6)
    assert [offset for _, offset in staying.messages] == [1, 2, 3]
    assert [offset for _, offset in coming.messages] == [2, 3]
    assert [offset for _, offset in leaving.messages] == [3]


async def test_what_must_be_the_last_is_delivered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is on its way to a removed member, before the removal is told, and never twice."""
    monkeypatch.setattr("realtime.fanout._SLICE", 1)
    fanout, first, removed, other = FanOut(), _Socket(), _Socket(), _Socket()
    early = _follow(fanout, first)
    last = _follow(fanout, removed)
    _follow(fanout, other)
    fanout.offer(pub(1))
    await _turns()
    fanout.offer(pub(2))
    fanout.finish([early, last])
    assert [offset for _, offset in first.messages] == [1, 2]
    assert [offset for _, offset in removed.messages] == [1, 2]
    fanout.discard(last)
    fanout.offer(pub(3))
    await _turns(12)
    assert [offset for _, offset in first.messages] == [1, 2, 3]
    assert [offset for _, offset in removed.messages] == [1, 2]
    assert [offset for _, offset in other.messages] == [1, 2, 3]


class _Watched(_Socket):
    """Keep the offsets it is given, and hold the fan-out to the way that is open."""

    def __init__(self, number: int, queueing: set[Any], *, direct: bool) -> None:
        super().__init__(number=number)
        self.heard: list[int] = []
        self._queueing = queueing
        self.direct = self._write if direct else None

    def _write(self, wire: bytes) -> None:
        assert self not in self._queueing
        self.heard += map(int, re.findall(rb'"offset":(\d+)', wire))

    def push(
        self, message: bytes, weight: Weight, follower: Follower | None = None, offset: int = 0
    ) -> None:
        """Keep a message's offsets, and queue from now on, as a connection does."""
        self._queueing.add(self)
        first, *further = map(int, re.findall(rb'"offset":(\d+)', message))
        assert first == offset
        self.heard += [first, *further]


_WHO = st.integers(0, 15)


@given(
    st.frozensets(_WHO, max_size=5),
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["offer", "turn"]), st.none()),
            st.tuples(st.sampled_from(["queue", "flush", "leave", "come", "finish"]), _WHO),
        ),
        max_size=60,
    ),
)
async def test_whoever_queues_comes_or_goes_everyone_gets_what_is_theirs(
    plain: frozenset[int], steps: list[tuple[str, int | None]]
) -> None:
    """Once, in order, past no outbox, whether the writes lie in a row or are looked up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("realtime.fanout._SLICE", 6)
        patch.setattr("realtime.fanout._MANY", 8)
        patch.setattr("realtime.fanout._EXCEPTIONS", 1 / 2)
        queueing: set[Any] = set()
        fanout = FanOut(queueing)
        sockets = [_Watched(n, queueing, direct=n not in plain) for n in range(16)]
        followers = [_follow(fanout, socket) for socket in sockets]
        since, head = dict.fromkeys(range(16), 0), 0
        for step, who in steps:
            if step == "offer":
                head += 1
                fanout.offer(pub(head))
            elif who is None:
                await _turns()
            elif step == "queue":
                queueing.add(sockets[who])
            elif step == "flush":
                queueing.discard(sockets[who])
            elif step == "come" and who not in since:
                fanout.add(followers[who])
                since[who] = head
            elif step in {"leave", "finish"} and who in since:
                if step == "finish":
                    fanout.finish([followers[who]])
                    assert sockets[who].heard == list(range(since[who] + 1, head + 1))
                fanout.discard(followers[who])
                heard = sockets[who].heard
                first = since.pop(who) + 1
                assert heard == list(range(first, first + len(heard)))
                sockets[who].heard = []
        await _turns(4 * head + 4)
        for who, socket in enumerate(sockets):
            start = since.get(who, head)
            assert socket.heard == list(range(start + 1, head + 1))


async def test_the_writes_of_many_followers_are_called_in_a_row() -> None:
    """Nobody is looked at but those who queue; those get it after what waits for them."""
    queueing: set[Any] = set()
    fanout = FanOut(queueing)
    sockets = [_Watched(number, queueing, direct=number != 40) for number in range(100)]
    followers = [_follow(fanout, socket) for socket in sockets]
    fanout.offer(pub(1))
    await _turns()
    queueing |= {sockets[7], _Watched(7, queueing, direct=True)}  # one of them is no follower
    for follower in followers:
        follower.live_from = None  # type: ignore[assignment]  # to look at it would fail
    fanout.offer(pub(2))
    await _turns()
    assert all(socket.heard == [1, 2] for socket in sockets)


async def test_deliveries_are_counted_with_the_age_of_what_was_delivered() -> None:
    """One for each follower that had it, none for one that had left; by a clock that is given."""
    at = 1_790_000_000.0
    counts = Counts()
    fanout = FanOut(counts=counts, now=lambda: at + 0.2)
    sockets = [_Socket(number=number) for number in range(3)]
    followers = [_follow(fanout, socket) for socket in sockets]
    stamp = datetime.fromtimestamp(at, UTC).isoformat()
    data = orjson.dumps({"type": "todo.deleted", "at": stamp})
    for offset in (1, 2):
        fanout.offer(Publication(Entry(LOG, offset, "todo.deleted", None, data)))
    fanout.discard(followers[0])
    await _turns(2)
    assert [len(socket.messages) for socket in sockets] == [0, 1, 1]
    assert counts.deliveries == counts.delivery_s.count == 4
    within = dict(counts.delivery_s.cumulative())
    assert (within[0.1], within[0.25]) == (0, 4)
    assert counts.delivery_s.sum_s == pytest.approx(0.8)
