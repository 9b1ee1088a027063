"""Deliver one log on this replica: one sequencer, everyone who follows, who is here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from realtime import codes, reply
from realtime.codes import UnsubscribeCode
from realtime.outbox import Weight
from realtime.presence import ClientInfo, Diff, Presence
from realtime.publication import EVERYONE, Publication
from realtime.recent import Recent, RecentBudget
from realtime.sequencer import Gap, Sequencer
from realtime.signals import SignalFollower, signals_channel
from realtime.subscription import Phase, Step, Subscription
from store.log_id import LogId, LogKind

__all__ = ["Feed", "Follower", "Peer", "SignalSeat"]


class Peer(Protocol):
    """Be what a feed needs of a connection; no method waits."""

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
    """

    __slots__ = ("info", "join_leave", "page_entries", "peer", "subscription")

    def __init__(
        self, peer: Peer, subscription: Subscription, info: ClientInfo, *, join_leave: bool = False
    ) -> None:
        self.peer = peer
        self.subscription = subscription
        self.info = info
        self.join_leave = join_leave
        self.page_entries: int | None = None


class SignalSeat:
    """Hold one connection's subscription to a list's signals."""

    __slots__ = ("membership", "peer", "ready")

    def __init__(self, peer: Peer, user: UUID) -> None:
        self.peer = peer
        self.membership = SignalFollower(user)
        self.ready = False  # the client has had its reply


class Feed:
    """Hand a log's publications to its followers strictly in offset order.

    A follower that is level with the feed is *live*: a publication is the same bytes for all of
    those, and the loop over them neither waits nor looks at the subscription. The others (they
    read, or are ahead of the feed) get it through their ``Subscription``.
    """

    __slots__ = (
        "_joiners",
        "_live",
        "_round",
        "_slow",
        "asked_at",
        "began_at",
        "channel",
        "deliveries",
        "idle_since",
        "listeners",
        "log",
        "pins",
        "position",
        "presence",
        "recent",
        "repairing",
        "seats",
        "sequencer",
    )

    def __init__(
        self, log: LogId, held: int, lease_s: float, budget: RecentBudget | None = None
    ) -> None:
        self.log = log
        self.recent = Recent(budget or RecentBudget(0))
        self.channel = log.channel
        self.sequencer = Sequencer(held)
        self.position: int | None = None  # the last offset delivered; None: not begun
        self.began_at = 0  # nothing up to here was ever offered to a follower
        self.presence = Presence(lease_s)
        self.seats: dict[Peer, SignalSeat] = {}
        self.listeners: list[Callable[[Publication], None]] = []
        self.pins = 0  # those who need the feed without following it yet
        self.idle_since = float("inf")
        self.asked_at = float("-inf")  # when the other replicas were asked who is here
        self.repairing = False
        self.deliveries = 0
        self._live: dict[Follower, None] = {}
        self._slow: dict[Follower, None] = {}
        self._joiners: dict[Follower, None] = {}
        self._round: tuple[Follower, ...] | None = None  # the live ones, as a loop needs them

    @property
    def followed(self) -> bool:
        """Tell whether anybody needs this feed."""
        return bool(self._live or self._slow or self.seats or self.pins or self.listeners)

    @property
    def followers(self) -> list[Follower]:
        """Give all followers, live or not."""
        return [*self._live, *self._slow]

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
        for publication in due:
            offset = publication.offset
            self.position = offset
            self.recent.add(publication)
            slow = tuple(self._slow)
            live = self._round
            if live is None:
                live = self._round = tuple(self._live)
            frame = publication.frame
            for follower in live:
                follower.peer.push(frame, Weight.ENTRY, follower, offset)
            self.deliveries += len(live)
            if publication.removes is not None:
                self._remove(publication, live)
            for follower in slow:
                self.perform(follower, follower.subscription.offer(publication))
            for listener in self.listeners:
                listener(publication)

    def _remove(self, publication: Publication, live: Iterable[Follower]) -> None:
        for follower in live:
            subscription = follower.subscription
            if (
                publication.ends(subscription.user)
                and publication.offset > subscription.member_at
                and subscription.phase is not Phase.ENDED
            ):
                self.end(follower, _why(publication))
        for seat in tuple(self.seats.values()):
            if not seat.membership.offer(publication) and seat.ready:
                self.leave_signals(seat.peer)
                seat.peer.ended(signals_channel(self.log.key), _why(publication))

    # --- followers --------------------------------------------------------------------------------

    def register(self, follower: Follower) -> None:
        """Let a follower have every publication from now on, through its subscription."""
        self._slow[follower] = None

    def settle(self, follower: Follower) -> None:
        """Go on with a follower whose subscribe reply was queued: live, or a further read."""
        if follower not in self._slow:
            return
        if follower.join_leave:
            self._joiners[follower] = None
        self.perform(follower, follower.subscription.merge())

    def perform(self, follower: Follower, step: Step) -> None:
        """Push what a subscription gives out, and do what its phase then asks for."""
        if step.publications:
            first = step.publications[0]
            message = first.frame
            if len(step.publications) > 1:
                message = b"\n".join(publication.frame for publication in step.publications)
            self.deliveries += len(step.publications)
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
            del self._slow[follower]
            self._live[follower] = None
            self._round = None

    def fall_behind(self, follower: Follower, offset: int) -> None:
        """Learn that the publications from ``offset`` on were dropped before they left."""
        if follower in self._live:
            del self._live[follower]
            self._round = None
            self._slow[follower] = None
        if follower in self._slow:
            follower.subscription.fall_behind(offset - 1, self.sequencer.position or 0)

    def end(self, follower: Follower, code: UnsubscribeCode) -> None:
        """End a follower's subscription from the server's side."""
        self.discard(follower)
        follower.peer.ended(self.channel, code)

    def discard(self, follower: Follower) -> None:
        """Forget a follower; nothing reaches it any more."""
        follower.subscription.end()
        if follower in self._live:
            del self._live[follower]
            self._round = None
        self._slow.pop(follower, None)
        self._joiners.pop(follower, None)

    def reset(self, code: UnsubscribeCode) -> None:
        """Start anew: the log is another one now, no position of the old one counts."""
        for follower in self.followers:
            self.end(follower, code)
        for seat in tuple(self.seats.values()):
            self.leave_signals(seat.peer)
            seat.peer.ended(signals_channel(self.log.key), code)
        self.sequencer = Sequencer()
        self.position = None
        self.recent.clear()

    # --- signals and presence ---------------------------------------------------------------------

    def take_seat(self, seat: SignalSeat) -> None:
        """Let a connection have the list's signals, once its reply was queued."""
        self.seats[seat.peer] = seat

    def leave_signals(self, peer: Peer) -> None:
        """Forget a connection's signals subscription."""
        self.seats.pop(peer, None)

    def signal(self, data: bytes, info: ClientInfo) -> None:
        """Pass a signal on to everyone who asked for the list's signals."""
        ready = [seat.peer for seat in self.seats.values() if seat.ready]
        if ready:
            push = reply.signal_push(signals_channel(self.log.key), data, info)
            for peer in ready:
                peer.push(push, Weight.SIGNAL)

    def tell(self, diff: Diff) -> None:
        """Push joins and leaves to everyone who asked for them."""
        if not self._joiners or self.log.kind is not LogKind.LIST:
            return
        pushes = [reply.leave_push(self.channel, info) for info in diff.left]
        pushes += [reply.join_push(self.channel, info) for info in diff.joined]
        for push in pushes:
            for follower in tuple(self._joiners):
                follower.peer.push(push, Weight.SIGNAL)


def _why(last: Publication | None = None) -> UnsubscribeCode:
    """Say why access ended; ``last`` took it, None: a read found none."""
    gone = last is not None and last.removes == EVERYONE
    return codes.LIST_DELETED if gone else codes.REMOVED
