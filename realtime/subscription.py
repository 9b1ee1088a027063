"""Merge what one subscriber missed with what happens meanwhile, by offset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from uuid import UUID

from realtime.publication import Publication
from store.entry import LogRead
from store.log_id import LogId

__all__ = ["Phase", "Recovery", "Start", "Step", "Subscription"]


class Phase(Enum):
    """Say where a subscription stands."""

    READING = auto()  # a read of the log is due or under way; live publications are buffered
    FOLLOWING = auto()  # live
    ENDED = auto()  # nothing reaches it any more


@dataclass(slots=True)  # not frozen, as in realtime.effects
class Recovery:
    """Hold the position a client asks to resume from.

    An absent ``epoch`` (empty) matches any. ``reject`` asks for an error instead of
    ``recovered: false``.
    """

    epoch: str
    offset: int
    reject: bool = False

    def epoch_matches(self, epoch: str) -> bool:
        """Tell whether the position belongs to ``epoch``. SDKs send ``_`` to match none."""
        return not self.epoch or self.epoch == epoch


@dataclass(slots=True)
class Start:
    """Hold what a subscribe reply says.

    ``offset`` is the head, or the position asked for when ``recovered`` is true; ``recovered`` is
    None when nothing was to be recovered.
    """

    epoch: str
    offset: int
    recovered: bool | None = None
    publications: Sequence[Publication] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Hold what to send now, in order; ``ended``: the last of it took access away."""

    publications: Sequence[Publication] = field(default=())
    ended: bool = False


_NOTHING = Step()


class Subscription:
    """Follow one log for one subscriber: exactly the entries after its start, once, in order.

    Register it (from then on ``offer`` gets every publication of the log, in order), read the log,
    give the read to ``start``; while ``phase`` is READING afterwards, read again after ``position``
    and give that to ``page``. What was offered meanwhile is buffered, at most ``limit`` of them:
    beyond that the buffer is dropped, and read from the log like the rest.

    Access ends in log order: the publication that takes it away is passed on as the last one. A
    read that saw the membership at head q makes every removal up to q irrelevant (the subscriber
    was added again, or the read would have seen no membership).
    """

    __slots__ = ("_buffer", "_limit", "_seen", "log", "member_at", "phase", "position", "user")

    def __init__(self, log: LogId, user: UUID, limit: int = 256) -> None:
        self.log = log
        self.user = user
        self.phase = Phase.READING
        self.position = -1  # the last offset handed on; -1 before the first read
        self.member_at = -1  # the head at which a read last saw the membership
        self._buffer: list[Publication] | None = None  # mostly nothing
        self._seen = 0  # the highest offset offered so far
        self._limit = limit

    def start(self, read: LogRead, recovery: Recovery | None) -> Start | None:
        """Begin with the first read; None when it saw no membership (the subscription has ended).

        ``read`` must begin after the position asked for, when that can be recovered at all. The
        publications of the answer belong into the reply; those offered meanwhile wait for
        ``merge``.
        """
        if read.role is None:
            self.end()
            return None
        self.member_at = read.head
        if recovery is None:
            self.position = read.head
            return Start(read.epoch, read.head)
        reachable = (
            recovery.epoch_matches(read.epoch) and read.floor <= recovery.offset <= read.head
        )
        if not reachable:
            self.position = read.head
            return Start(read.epoch, read.head, recovered=False)
        self.position = recovery.offset
        missed = self._take(Publication(entry) for entry in read.entries)
        return Start(read.epoch, recovery.offset, recovered=True, publications=missed)

    def resume(
        self, epoch: str, head: int, recovery: Recovery | None, missed: Sequence[Publication]
    ) -> Start:
        """Begin as ``start`` does, without a read: for a member at ``head``, who missed these."""
        self.member_at = head
        if recovery is None:
            self.position = head
            return Start(epoch, head)
        self.position = recovery.offset
        return Start(epoch, recovery.offset, True, self._take(missed))

    def merge(self) -> Step:
        """Go live if nothing is missing any more; return what was buffered and is due now."""
        if self.phase is not Phase.READING or self.position < self.member_at:
            return _NOTHING
        if not self._buffer and self._seen <= self.position:  # mostly
            self.phase = Phase.FOLLOWING
            return _NOTHING
        buffered, self._buffer = self._buffer, None
        due: list[Publication] = []
        for publication in buffered or ():
            if publication.offset <= self.position:
                continue
            if publication.offset != self.position + 1:
                break
            self.position = publication.offset
            due.append(publication)
            if publication.ends(self.user) and publication.offset > self.member_at:
                self.end()
                return Step(due, ended=True)
        if self._seen <= self.position:
            self.phase = Phase.FOLLOWING
        return Step(due)

    def page(self, read: LogRead, since: int) -> Step:
        """Take a further read after ``since``; a page that fits no longer is passed over."""
        if self.phase is not Phase.READING:
            return _NOTHING
        if read.role is None:
            self.end()
            return Step(ended=True)
        self.member_at = max(self.member_at, read.head)
        if since != self.position:
            return _NOTHING
        missed = self._take(Publication(entry) for entry in read.entries)
        merged = self.merge()
        return Step([*missed, *merged.publications], ended=merged.ended)

    def offer(self, publication: Publication) -> Step:
        """Take the log's next publication; return what to send now."""
        offset = publication.offset
        if self.phase is Phase.ENDED:
            return _NOTHING
        self._seen = max(self._seen, offset)
        if self.phase is Phase.READING:
            if offset > self.position:
                self._keep(publication)
            return _NOTHING
        if offset <= self.position:
            return _NOTHING
        if offset > self.position + 1:
            self.phase = Phase.READING
            self._keep(publication)
            return _NOTHING
        self.position = offset
        if publication.ends(self.user) and offset > self.member_at:
            self.end()
            return Step((publication,), ended=True)
        return Step((publication,))

    def fall_behind(self, position: int, seen: int) -> None:
        """Go back to ``position``: what came after it, up to ``seen``, never left us."""
        if self.phase is Phase.ENDED:
            return
        self.phase = Phase.READING
        self.position = position
        self._seen = max(self._seen, seen)
        self._buffer = None

    def end(self) -> None:
        """Let nothing reach this subscription any more."""
        self.phase = Phase.ENDED
        self._buffer = None

    @property
    def behind(self) -> bool:
        """Tell whether a further read of the log is needed."""
        return self.phase is Phase.READING and self.position >= 0

    def _keep(self, publication: Publication) -> None:
        if self._buffer is None:
            self._buffer = []
        if len(self._buffer) < self._limit:
            self._buffer.append(publication)
        else:
            self._buffer.clear()  # the log has them all; a hole in the buffer would have no use

    def _take(self, publications: Iterable[Publication]) -> list[Publication]:
        taken: list[Publication] = []
        for publication in publications:
            if publication.offset != self.position + 1:
                break
            self.position = publication.offset
            taken.append(publication)
        return taken
