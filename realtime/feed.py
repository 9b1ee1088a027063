"""Deliver one log on this replica: one sequencer, everyone who follows, who is here."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet
from itertools import count
from typing import Final, Protocol
from uuid import UUID

from realtime import codes
from realtime.codes import UnsubscribeCode
from realtime.counts import Counts
from realtime.encoding import Encoding
from realtime.fanout import FanOut
from realtime.few import Few, added, removed
from realtime.outbox import Weight
from realtime.presence import ClientInfo, Diff, Presence
from realtime.publication import EVERYONE, Publication
from realtime.recent import Recent, RecentBudget
from realtime.sequencer import Gap, Sequencer
from realtime.signals import SignalFollower, signals_channel
from realtime.subscription import Phase, Step, Subscription
from store.log_id import LogId, LogKind

__all__ = ["PEER_NUMBERS", "Feed", "Follower", "Peer", "SignalSeat"]

PEER_NUMBERS: Final = count()
"""Numbers the connections of this process."""


_NEVER = float("inf")


class Peer(Protocol):
    """Be what a feed needs of a connection; no method waits."""

    @property
    def encoding(self) -> Encoding:
        """Give the form in which it takes messages."""

    direct: Callable[[bytes], object] | None
    """Writes finished WebSocket frames past the outbox: not while it is queueing (see FanOut)."""
    number: int
    """The next one of PEER_NUMBERS, by which two connections tell which began first."""

    def push(
        self, message: bytes, weight: Weight, follower: Follower | None = None, offset: int = 0
    ) -> None:
        """Queue a message; ``offset`` is the first entry in it, if it holds entries."""

    def ended(self, channel: str, code: UnsubscribeCode) -> None:
        """Learn that a subscription was ended by the server."""

    def behind(self, follower: Follower) -> None:
        """Learn that a subscription needs a further read of the log."""


class Follower:
    """Hold one connection's place in one feed.

    ``page_entries``: how many entries its next page is likely to hold; None: nobody knows yet.
    ``live_from``: see ``FanOut``.
    """

    __slots__ = ("info", "join_leave", "live_from", "page_entries", "peer", "subscription")

    def __init__(
        self, peer: Peer, subscription: Subscription, info: ClientInfo, *, join_leave: bool = False
    ) -> None:
        self.peer = peer
        self.subscription = subscription
        self.info = info
        self.join_leave = join_leave
        self.page_entries: int | None = None
        self.live_from = _NEVER


class SignalSeat:
    """Hold one connection's subscription to a list's signals."""

    __slots__ = ("membership", "peer", "ready")

    def __init__(self, peer: Peer, user: UUID) -> None:
        self.peer = peer
        self.membership = SignalFollower(user)
        self.ready = False  # the client has had its reply


class Feed:
    """Hand a log's publications to its followers strictly in offset order.

    A follower that is level with the feed is *live*, and served by the ``FanOut``. The others (they
    read, or are ahead of the feed) get a publication through their ``Subscription``.

    Most feeds are inboxes with one follower, so what a feed has need of now and then is made then.
    """

    __slots__ = (
        "_joiners",
        "_lease_s",
        "_live",
        "_presence",
        "_seats",
        "_slow",
        "asked_at",
        "began_at",
        "idle_since",
        "listeners",
        "log",
        "pins",
        "position",
        "recent",
        "repairing",
        "sequencer",
    )

    def __init__(
        self,
        log: LogId,
        held: int,
        lease_s: float,
        budget: RecentBudget | None = None,
        queueing: AbstractSet[Peer] = frozenset(),
        counts: Counts | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.log = log
        self.recent = Recent(budget or RecentBudget(0))
        self.sequencer = Sequencer(held)
        self.position: int | None = None  # the last offset delivered; None: not begun
        self.began_at = 0  # nothing up to here was ever offered to a follower
        self.listeners: tuple[Callable[[Publication], None], ...] = ()
        self.pins = 0  # those who need the feed without following it yet
        self.idle_since = _NEVER
        self.asked_at = -_NEVER  # when the other replicas were asked who is here
        self.repairing = False
        self._lease_s = lease_s
        self._presence: Presence | None = None
        self._live = FanOut(queueing, counts, now)
        self._slow: Few[Follower] = ()
        self._joiners: Few[Follower] = ()
        self._seats: dict[Peer, SignalSeat] | None = None

    @property
    def followed(self) -> bool:
        """Tell whether anybody needs this feed."""
        return bool(self._live or self._slow or self._seats or self.pins or self.listeners)

    @property
    def channel(self) -> str:
        """Give the log's name on the wire."""
        return self.log.channel

    @property
    def presence(self) -> Presence:
        """Give who is here."""
        if self._presence is None:
            self._presence = Presence(self._lease_s)
        return self._presence

    @property
    def seats(self) -> Collection[SignalSeat]:
        """Give the subscriptions to the list's signals."""
        return () if self._seats is None else tuple(self._seats.values())

    @property
    def followers(self) -> list[Follower]:
        """Give all followers, live or not."""
        return [*self._live, *self._slow]

    @property
    def subscribed(self) -> int:
        """Count the followers."""
        return len(self._live) + len(self._slow)

    @property
    def seated(self) -> int:
        """Count the subscriptions to the list's signals."""
        return 0 if self._seats is None else len(self._seats)

    @property
    def gap(self) -> Gap | None:
        """Name what is missing; it has to be read from the log."""
        return self.sequencer.gap

    # --- the log ----------------------------------------------------------------------------------

    def begin(self, head: int) -> None:
        """Start after ``head`` unless begun already."""
        if self.position is None:
            due = self.sequencer.start(head)
            self.position = self.began_at = head
            self._deliver(due)

    def offer(self, publication: Publication) -> None:
        """Take a publication from a commit of this replica or from the bus."""
        due = self.sequencer.offer(publication)
        if due:
            self._deliver(due)

    def repaired(self, publications: Iterable[Publication], head: int) -> None:
        """Take what a read after the position brought."""
        self._deliver(self.sequencer.repaired(publications, head))

    def _deliver(self, due: list[Publication]) -> None:
        self._live.counts.publications += len(due)
        for publication in due:
            offset = publication.offset
            self.position = offset
            self.recent.add(publication)
            slow = tuple(self._slow)
            self._live.offer(publication)
            if publication.removes is not None:
                self._remove(publication)
            for follower in slow:
                self.perform(follower, follower.subscription.offer(publication))
            for listener in self.listeners:
                listener(publication)

    def _remove(self, publication: Publication) -> None:
        removed = [
            follower
            for follower in self._live
            if publication.ends(follower.subscription.user)
            and publication.offset > follower.subscription.member_at
            and follower.subscription.phase is not Phase.ENDED
        ]
        self._live.finish(removed)  # this entry is their last
        for follower in removed:
            self.end(follower, _why(publication))
        for seat in self.seats:
            if not seat.membership.offer(publication) and seat.ready:
                self.leave_signals(seat.peer)
                seat.peer.ended(signals_channel(self.log.key), _why(publication))

    # --- followers --------------------------------------------------------------------------------

    def register(self, follower: Follower) -> None:
        """Let a follower have every publication from now on, through its subscription."""
        self._slow = added(self._slow, follower)

    def settle(self, follower: Follower) -> None:
        """Go on with a follower whose subscribe reply was queued: live, or a further read."""
        if follower not in self._slow:
            return
        if follower.join_leave:
            self._joiners = added(self._joiners, follower)
        self.perform(follower, follower.subscription.merge())

    def perform(self, follower: Follower, step: Step) -> None:
        """Push what a subscription gives out, and do what its phase then asks for."""
        if step.publications:
            first = step.publications[0]
            encoding = follower.peer.encoding
            message = encoding.separator.join(map(encoding.publication, step.publications))
            self._live.counts.deliveries += len(step.publications)
            follower.peer.push(message, Weight.ENTRY, follower, first.offset)
        subscription = follower.subscription
        if step.ended:
            self.end(follower, _why(*step.publications[-1:]))
        elif subscription.behind:
            follower.peer.behind(follower)
        elif (
            subscription.phase is Phase.FOLLOWING
            and subscription.position == self.position
            and follower in self._slow
        ):
            self._slow = removed(self._slow, follower)
            self._live.add(follower)

    def fall_behind(self, follower: Follower, offset: int) -> None:
        """Learn that the publications from ``offset`` on were dropped before they left."""
        if follower in self._live:
            self._live.discard(follower)
            self._slow = added(self._slow, follower)
        if follower in self._slow:
            follower.subscription.fall_behind(offset - 1, self.sequencer.position or 0)

    def end(self, follower: Follower, code: UnsubscribeCode) -> None:
        """End a follower's subscription from the server's side."""
        self.discard(follower)
        follower.peer.ended(self.channel, code)

    def discard(self, follower: Follower) -> None:
        """Forget a follower; nothing reaches it any more."""
        follower.subscription.end()
        self._live.discard(follower)
        self._slow = removed(self._slow, follower)
        self._joiners = removed(self._joiners, follower)

    def reset(self, code: UnsubscribeCode) -> None:
        """Start anew: the log is another one now, no position of the old one counts."""
        for follower in self.followers:
            self.end(follower, code)
        for seat in self.seats:
            self.leave_signals(seat.peer)
            seat.peer.ended(signals_channel(self.log.key), code)
        self.sequencer = Sequencer()
        self.position = None
        self.recent.clear()

    # --- signals and presence ---------------------------------------------------------------------

    def take_seat(self, seat: SignalSeat) -> None:
        """Let a connection have the list's signals, once its reply was queued."""
        if self._seats is None:
            self._seats = {}
        self._seats[seat.peer] = seat

    def leave_signals(self, peer: Peer) -> None:
        """Forget a connection's signals subscription."""
        if self._seats is not None:
            self._seats.pop(peer, None)
            if not self._seats:
                self._seats = None

    def signal(self, data: bytes, info: ClientInfo) -> None:
        """Pass a signal on to everyone who asked for the list's signals."""
        ready = [seat.peer for seat in self.seats if seat.ready]
        channel = signals_channel(self.log.key)
        _push_all(ready, lambda encoding: [encoding.signal_push(channel, data, info)])

    def tell(self, diff: Diff) -> None:
        """Push joins and leaves to everyone who asked for them."""
        if not self._joiners or self.log.kind is not LogKind.LIST:
            return

        channel = self.channel

        def pushes(encoding: Encoding) -> list[bytes]:
            left = [encoding.leave_push(channel, info) for info in diff.left]
            return left + [encoding.join_push(channel, info) for info in diff.joined]

        _push_all([follower.peer for follower in self._joiners], pushes)


def _push_all(peers: Iterable[Peer], spell: Callable[[Encoding], list[bytes]]) -> None:
    """Push what is at most once by nature, spelled once for each encoding."""
    spelled: dict[Encoding, list[bytes]] = {}
    for peer in peers:
        messages = spelled.get(peer.encoding)
        if messages is None:
            messages = spelled[peer.encoding] = spell(peer.encoding)
        for message in messages:
            peer.push(message, Weight.SIGNAL)


def _why(last: Publication | None = None) -> UnsubscribeCode:
    """Say why access ended; ``last`` took it, None: a read found none."""
    gone = last is not None and last.removes == EVERYONE
    return codes.LIST_DELETED if gone else codes.REMOVED
