"""Hand publications to everyone who follows a log live: the same bytes, a slice a turn."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from realtime.counts import Counts
from realtime.few import Few, added, removed
from realtime.frames import framed
from realtime.outbox import Weight

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from realtime.encoding import Encoding
    from realtime.feed import Follower, Peer
    from realtime.publication import Publication

__all__ = ["FanOut"]

_SLICE = 1_000
"""Sockets written to in one turn of the loop: some 5 ms, most of it the kernel's."""
_MERGED_BYTES = 64 * 1024
"""Publications of one turn share a message up to this size."""
_MANY = 64
"""Followers of one encoding, from which on it pays to keep the ways to their sockets at hand."""
_EXCEPTIONS = 1 / 16
"""Share of a slice that may be looked at one by one before all of it is."""
_NEVER = float("inf")


class _Group:
    """Hold the live followers of one encoding, in the order in which their connections began.

    ``writes``: the ``direct`` of each follower's peer, in a row; None: they are few. ``plain`` are
    the places of those who have none.
    """

    __slots__ = ("encoding", "followers", "plain", "writes")

    def __init__(self, encoding: Encoding, followers: Iterable[Follower]) -> None:
        self.encoding = encoding
        self.followers = tuple(sorted(followers, key=_number))
        self.writes: list[Callable[[bytes], object]] | None = None
        self.plain: Sequence[int] = ()
        if len(self.followers) >= _MANY:
            writes = [follower.peer.direct for follower in self.followers]
            self.writes = [_nothing if write is None else write for write in writes]
            self.plain = [place for place, write in enumerate(writes) if write is None]

    def place(self, peer: Peer) -> int | None:
        """Find a peer's place; None: it is not among them."""
        place = bisect_left(self.followers, peer.number, key=_number)
        found = place < len(self.followers) and self.followers[place].peer is peer
        return place if found else None


class _Walk:
    """Hold one message on its way to those who were live when it came."""

    __slots__ = ("frames", "group", "made_at", "next", "number", "offset", "size", "thinned")

    def __init__(self, number: int, group: _Group, offset: int) -> None:
        self.number = number
        self.group = group
        self.offset = offset  # of the first publication in it
        self.frames: list[bytes] = []
        self.made_at: list[float] = []  # of the entries that tell
        self.size = 0
        self.next = 0
        self.thinned = False  # not all of the group are to have it any more

    @property
    def message(self) -> bytes:
        """Join what it carries."""
        frames = self.frames
        return frames[0] if len(frames) == 1 else self.group.encoding.separator.join(frames)


class FanOut:
    """Hold the live followers of one log and deliver to them, in order, at the end of the turn.

    What comes in one turn is one message for each encoding that somebody here speaks. The loop over
    the followers of one encoding neither waits nor looks at them: it calls the writes of their
    sockets, which lie in a row. Looking up each one's way there instead made a delivery among 1,000
    cost 1.40 times the kernel's price, not 1.22: most of it is memory that the processor has to
    fetch. So what differs from the row is kept apart: ``queueing``, shared by all logs, holds the
    peers past whose outbox nothing may be written now, and a follower has from which walk on it is
    live (leaving makes that never). Whoever comes has had, by itself, all that is still on its way.

    ``counts`` takes note of the deliveries, None: nobody wants to know. ``now`` gives seconds since
    1970.
    """

    __slots__ = ("_live", "_now", "_numbers", "_queueing", "_round", "_walks", "counts")

    def __init__(
        self,
        queueing: AbstractSet[Peer] = frozenset(),
        counts: Counts | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.counts = counts or Counts()
        self._now = now
        self._queueing = queueing
        self._live: Few[Follower] = ()
        # The live ones, as a loop needs them; None: somebody came or went.
        self._round: list[_Group] | None = None
        # What is on its way; None: nothing, and no step is due (an empty deque is 760 bytes).
        self._walks: deque[_Walk] | None = None
        self._numbers = 0

    def __contains__(self, follower: Follower) -> bool:
        return follower in self._live

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Follower]:
        return iter(tuple(self._live))

    def add(self, follower: Follower) -> None:
        """Begin with the next publication."""
        follower.live_from = self._numbers + 1
        self._live = added(self._live, follower)
        self._round = None

    def discard(self, follower: Follower) -> None:
        """Deliver nothing more, not even what is on its way."""
        if follower in self._live:
            self._live = removed(self._live, follower)
            follower.live_from = _NEVER
            self._round = None
            self._thin()

    def offer(self, publication: Publication) -> None:
        """Send the log's next publication on its way."""
        if not self._live:
            return
        if self._round is None:
            self._round = _grouped(self._live)
        walks = deque() if self._walks is None else self._walks
        newest = tuple(walks)[: -len(self._round) - 1 : -1]  # the last one first
        made_at = publication.made_at
        for group in self._round:
            frame = group.encoding.publication(publication)
            walk = next((one for one in newest if one.group is group), None)
            if walk is None or walk.next or walk.size + len(frame) > _MERGED_BYTES:
                self._numbers += 1
                walk = _Walk(self._numbers, group, publication.offset)
                walks.append(walk)
            walk.frames.append(frame)
            if made_at is not None:
                walk.made_at.append(made_at)
            walk.size += len(frame) + 1
        if self._walks is None:
            self._walks = walks
            asyncio.get_running_loop().call_soon(self._step)

    def finish(self, followers: Collection[Follower]) -> None:
        """Deliver at once what is on its way to these: something must follow it."""
        for walk in self._walks or ():
            waiting = set(walk.group.followers[walk.next :])
            for follower in followers:
                if follower in waiting and follower.live_from <= walk.number:
                    follower.peer.push(walk.message, Weight.ENTRY, follower, walk.offset)
                    self.counts.deliveries += len(walk.frames)
        for follower in followers:
            follower.live_from = self._numbers + 1
        self._thin()

    def _thin(self) -> None:
        for walk in self._walks or ():
            walk.thinned = True

    def _step(self) -> None:
        """Walk on, over a slice."""
        walks = self._walks
        assert walks is not None  # noqa: S101 - a step is due exactly while something is on its way
        walk = walks[0]
        size = len(walk.group.followers)
        start, walk.next = walk.next, min(walk.next + _SLICE, size)
        counts, served = self.counts, walk.next - start
        if not self._write_all(walk, start):
            served -= self._write_each(walk, start)
        counts.deliveries += served * len(walk.frames)
        now = self._now()
        for made_at in walk.made_at:
            counts.delivery_s.add(now - made_at, served)
        if walk.next >= size:
            walks.popleft()
        if walks:
            asyncio.get_running_loop().call_soon(self._step)
        else:
            self._walks = None

    def _write_all(self, walk: _Walk, start: int) -> bool:
        """Call the writes of a slice, one after the other; False: each is to be looked at."""
        group, stop, queueing = walk.group, walk.next, self._queueing
        exceptions = len(queueing) + len(group.plain)
        if walk.thinned or group.writes is None or exceptions > (stop - start) * _EXCEPTIONS:
            return False
        writes = group.writes[start:stop]
        message = walk.message
        if exceptions:
            places = {*group.plain, *map(group.place, queueing)}
            for place in places:
                if place is not None and start <= place < stop:
                    writes[place - start] = _nothing
                    follower = group.followers[place]
                    follower.peer.push(message, Weight.ENTRY, follower, walk.offset)
        wire = framed(message, text=group.encoding.text)
        for write in writes:
            write(wire)
        return True

    def _write_each(self, walk: _Walk, start: int) -> int:
        """Write to those of a slice who are still to have it, or queue it; count the others."""
        group, number, offset, queueing = walk.group, walk.number, walk.offset, self._queueing
        message = walk.message
        wire = framed(message, text=group.encoding.text)
        skipped = 0
        for follower in group.followers[start : walk.next]:
            if follower.live_from <= number:
                peer = follower.peer
                write = peer.direct
                if write is not None and peer not in queueing:
                    write(wire)
                else:
                    peer.push(message, Weight.ENTRY, follower, offset)
            else:
                skipped += 1
        return skipped


def _grouped(followers: Iterable[Follower]) -> list[_Group]:
    """Group the followers, each group in the order in which their connections began.

    That is how what belongs to them, here and in the kernel, lies in memory. In the order in which
    10,000 opened the list a delivery took 10 % longer, and half as long again after two thirds of
    the connections had been replaced. Sorting takes 5 ms then, 2 ms when few came since.
    """
    groups: dict[Encoding, list[Follower]] = {}
    for follower in followers:
        groups.setdefault(follower.peer.encoding, []).append(follower)
    return [_Group(encoding, group) for encoding, group in groups.items()]


def _number(follower: Follower) -> int:
    return follower.peer.number


def _nothing(_: bytes) -> None:
    """Stand in the row for a socket that is written to otherwise."""
