"""Hand publications to everyone who follows a log live: the same bytes, a slice a turn."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from realtime.frames import framed
from realtime.outbox import Weight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from realtime.feed import Follower
    from realtime.publication import Publication

__all__ = ["FanOut"]

_SLICE = 1_000
"""Sockets written to in one turn of the loop: some 5 ms, most of it the kernel's."""
_MERGED_BYTES = 64 * 1024
"""Publications of one turn share a message up to this size."""
_NEVER = float("inf")


class _Walk:
    """Hold one message on its way to those who were live when it came."""

    __slots__ = ("followers", "frames", "next", "number", "offset", "size")

    def __init__(self, number: int, followers: tuple[Follower, ...], offset: int) -> None:
        self.number = number
        self.followers = followers
        self.offset = offset  # of the first publication in it
        self.frames: list[bytes] = []
        self.size = 0
        self.next = 0

    @property
    def message(self) -> bytes:
        """Join what it carries."""
        return self.frames[0] if len(self.frames) == 1 else b"\n".join(self.frames)


class FanOut:
    """Hold the live followers of one log and deliver to them, in order, at the end of the turn.

    What comes in one turn is one message. The loop over the followers neither waits nor looks at
    their subscriptions: a follower has from which walk on it is live, and leaving makes that never.
    Whoever comes has had, by itself, all that is still on its way.
    """

    __slots__ = ("_live", "_numbers", "_round", "_scheduled", "_walks", "deliveries")

    def __init__(self) -> None:
        self.deliveries = 0
        self._live: dict[Follower, None] = {}
        self._round: tuple[Follower, ...] | None = None  # the live ones, as a loop needs them
        self._walks: deque[_Walk] = deque()
        self._numbers = 0
        self._scheduled = False

    def __contains__(self, follower: Follower) -> bool:
        return follower in self._live

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Follower]:
        return iter(tuple(self._live))

    def add(self, follower: Follower) -> None:
        """Begin with the next publication."""
        follower.live_from = self._numbers + 1
        self._live[follower] = None
        self._round = None

    def discard(self, follower: Follower) -> None:
        """Deliver nothing more, not even what is on its way."""
        if follower in self._live:
            del self._live[follower]
            follower.live_from = _NEVER
            self._round = None

    def offer(self, publication: Publication) -> None:
        """Send the log's next publication on its way."""
        if not self._live:
            return
        if self._round is None:
            self._round = tuple(self._live)
        frame = publication.frame
        walk = self._walks[-1] if self._walks else None
        if (
            walk is None
            or walk.next
            or walk.followers is not self._round
            or walk.size + len(frame) > _MERGED_BYTES
        ):
            self._numbers += 1
            walk = _Walk(self._numbers, self._round, publication.offset)
            self._walks.append(walk)
        walk.frames.append(frame)
        walk.size += len(frame) + 1
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._step)

    def finish(self, followers: Collection[Follower]) -> None:
        """Deliver at once what is on its way to these: something must follow it."""
        for walk in self._walks:
            waiting = set(walk.followers[walk.next :])
            for follower in followers:
                if follower in waiting and follower.live_from <= walk.number:
                    follower.peer.push(walk.message, Weight.ENTRY, follower, walk.offset)
                    self.deliveries += len(walk.frames)
        for follower in followers:
            follower.live_from = self._numbers + 1

    def _step(self) -> None:
        """Walk on, over a slice."""
        walk = self._walks[0]
        message = walk.message
        wire = framed(message)
        start = walk.next
        walk.next = start + _SLICE
        number, offset = walk.number, walk.offset
        part = (
            walk.followers
            if not start and len(walk.followers) <= _SLICE
            else (walk.followers[start : walk.next])
        )
        for follower in part:
            if follower.live_from <= number:
                peer = follower.peer
                write = peer.direct
                if write is not None:
                    write(wire)
                else:
                    peer.push(message, Weight.ENTRY, follower, offset)
        self.deliveries += len(part) * len(walk.frames)
        if walk.next >= len(walk.followers):
            self._walks.popleft()
        if self._walks:
            asyncio.get_running_loop().call_soon(self._step)
        else:
            self._scheduled = False
