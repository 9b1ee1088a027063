"""Know who follows what on this replica."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

from realtime import codes
from realtime.bus import (
    Appended,
    Bus,
    BusMessage,
    BusState,
    PresenceAsked,
    PresenceChanged,
    PresenceDigest,
    Signalled,
)
from realtime.clock import Clock
from realtime.counts import Counts
from realtime.feed import Feed, Follower, Peer, SignalSeat
from realtime.limits import Limits
from realtime.presence import ClientInfo
from realtime.publication import Publication
from realtime.reads import LogSource, Reads, Refusal
from realtime.recent import RecentBudget
from realtime.repair import Repair
from realtime.subscription import Phase, Recovery, Start, Subscription
from realtime.tasks import Tasks
from store.entry import Entry, LogRead
from store.log_id import LogId, LogKind

__all__ = ["Hub"]

_LEAST_PAGE = 32  # entries; a page that held fewer says little about the next one


class Hub:
    """Hold one feed per followed log; take entries from commits, from the bus and from the log.

    ``offer``, ``receive`` and everything a feed does run without waiting, so no feed is ever seen
    half done.
    """

    def __init__(
        self,
        store: LogSource,
        bus: Bus,
        clock: Clock,
        limits: Limits,
        tasks: Tasks,
        counts: Counts,
    ) -> None:
        self.feeds: dict[LogId, Feed] = {}
        self.queueing: set[Peer] = set()  # past whose outbox nothing may be written (see FanOut)
        self.reads = Reads(store, limits)
        self.reads.on_new_epoch = self._reset
        self.repair = Repair(store, self.reads, tasks, counts)
        self._counts = counts
        self._store = store
        self._bus = bus
        self._clock = clock
        self._limits = limits
        self._tasks = tasks
        self._moved: dict[Feed, None] = {}  # feeds whose presence changed, which is to be told
        self._tellers = Tasks()  # at most one
        self._budget = RecentBudget(limits.recent_bytes)
        self._opening: dict[LogId, asyncio.Task[None]] = {}

    # --- feeds ------------------------------------------------------------------------------------

    async def attach(self, log: LogId) -> Feed:
        """Give the feed of a log, followed on the bus; register with it before the next wait."""
        feed = self.feeds.get(log)
        if feed is None:
            feed = Feed(
                log,
                self._limits.held,
                self._limits.presence_lease_s,
                self._budget,
                self.queueing,
                self._counts,
                self._clock.now,
            )
            self.feeds[log] = feed
            self._opening[log] = self._tasks.spawn(self._open(feed))
        opening = self._opening.get(log)
        if opening is not None:
            feed.pins += 1
            try:
                await asyncio.shield(opening)
            finally:
                feed.pins -= 1
        return feed

    async def _open(self, feed: Feed) -> None:
        try:
            await self._bus.subscribe(feed.log)
        finally:
            del self._opening[feed.log]
        if feed.log.kind is LogKind.LIST:
            feed.asked_at = self._clock.monotonic()
            self._bus.publish(feed.log, PresenceAsked())

    def sweep(self, now: float) -> None:
        """Let go of the logs that nobody has followed for a while."""
        for feed in tuple(self.feeds.values()):
            if feed.followed or feed.log in self._opening:
                feed.idle_since = float("inf")
            elif feed.idle_since == float("inf"):
                feed.idle_since = now
            elif now - feed.idle_since >= self._limits.idle_feed_s:
                del self.feeds[feed.log]
                feed.recent.clear()
                self._bus.unsubscribe(feed.log)

    def _reset(self, _epoch: str) -> None:
        """Send everybody back to the start: the database was replaced by another one."""
        for feed in tuple(self.feeds.values()):
            feed.reset(codes.INSUFFICIENT_STATE_UNSUBSCRIBE)

    # --- entries ----------------------------------------------------------------------------------

    def offer(self, entry: Entry) -> None:
        """Take a committed entry, from wherever it comes first."""
        feed = self.feeds.get(entry.log)
        if feed is not None:
            feed.offer(Publication(entry))
            if feed.gap is not None:
                self.repair.look(feed)

    def receive(self, log: LogId, replica: str, message: BusMessage) -> None:
        """Take a message of another replica."""
        feed = self.feeds.get(log)
        if feed is None:
            return
        now = self._clock.monotonic()
        match message:
            case Appended(epoch, entry) if epoch == self.reads.epoch and entry.log == log:
                self.offer(entry)
                self._store.learn(entry)
            case Signalled(data, info):
                feed.signal(data, info)
            case PresenceChanged(version, joined, left):
                feed.tell(feed.presence.remote_change(replica, version, joined, left, now))
            case PresenceDigest(version, infos):
                feed.tell(feed.presence.digest(replica, version, infos, now))
            case PresenceAsked():
                self._digest(feed)
            case _:
                self.repair.look(feed, doubtful=True)

    # --- followers --------------------------------------------------------------------------------

    def follow_at_once(self, follower: Follower, recovery: Recovery | None) -> Start | None:
        """Begin a subscription from memory, as ``follow`` does; None: it takes a read or a wait.

        A member whom the log has not removed, on a feed that the bus keeps current, who resumes
        from a position that this replica remembers, or from none.
        """
        feed = self.feeds.get(follower.subscription.log)
        if feed is None or feed.log in self._opening or feed.position is None:
            return None
        subscription = follower.subscription
        missed = self._remembered(feed, subscription.user, recovery)
        if missed is None:
            return None
        follower.subscription.log = feed.log  # one for all of them
        feed.register(follower)
        return subscription.resume(self.reads.epoch, feed.position, recovery, missed)

    async def follow(self, follower: Follower, recovery: Recovery | None) -> Start:
        """Begin a subscription in one race-free step: register, read, merge by offset.

        Queue the reply, then call ``settle``. Raises ``Refusal`` (no access, unrecoverable) and
        what the store raises; then, and when cancelled, nothing stays behind.
        """
        feed = await self.attach(follower.subscription.log)
        follower.subscription.log = feed.log  # one for all of them
        feed.register(follower)
        try:
            return await self._start(feed, follower.subscription, recovery)
        except BaseException:
            feed.discard(follower)
            raise

    async def _start(
        self, feed: Feed, subscription: Subscription, recovery: Recovery | None
    ) -> Start:
        user = subscription.user
        missed = self._remembered(feed, user, recovery)
        if missed is not None and feed.position is not None:
            return subscription.resume(self.reads.epoch, feed.position, recovery, missed)
        read = await self._whole(feed, partial(self.reads.first, feed.log, user, recovery))
        if read.role is not None and feed.position is not None:
            if feed.log.kind is LogKind.LIST:  # the others are open to whoever follows them
                feed.recent.learn(user, read.head, feed.position)
            feed.recent.seed([Publication(entry) for entry in read.entries], feed.position)
        start = subscription.start(read, recovery)
        if start is None:
            raise Refusal(codes.PERMISSION_DENIED)
        if start.recovered is False and recovery is not None and recovery.reject:
            raise Refusal(codes.UNRECOVERABLE_POSITION)
        return start

    def _remembered(
        self, feed: Feed, user: UUID, recovery: Recovery | None
    ) -> Sequence[Publication] | None:
        """Give from memory what a member has missed; None when it takes a read of the log."""
        position = feed.position
        if position is None or (feed.log.kind is LogKind.LIST and not self._is_known(feed, user)):
            return None
        if recovery is None:
            return ()
        epoch = self.reads.epoch
        if not recovery.epoch_matches(epoch) or self._bus.state is not BusState.HEALTHY:
            return None
        missed = feed.recent.after(recovery.offset, position)
        return None if missed is None or not self._fits(missed) else missed

    def _is_known(self, feed: Feed, user: UUID) -> bool:
        return self._bus.state is BusState.HEALTHY and feed.recent.knows(user)

    def _fits(self, missed: Sequence[Publication]) -> bool:
        """Tell whether all of it may go into one reply."""
        limits = self._limits
        return len(missed) <= limits.page_entries and (
            sum(len(publication.body) for publication in missed) <= limits.page_bytes
        )

    async def _whole(self, feed: Feed, look: Callable[[], Awaitable[LogRead]]) -> LogRead:
        """Read for someone registered with ``feed``: read and feed leave no hole between them."""
        read = await look()
        feed.begin(read.head)
        if read.head < feed.began_at:
            # Another's read, newer than this one, began the feed: what lies between the two was
            # offered to nobody. A read made now sees it.
            read = await look()
        return read

    def settle(self, follower: Follower) -> None:
        """Go on with a follower whose reply was queued."""
        feed = self.feeds.get(follower.subscription.log)
        if feed is None:
            return
        feed.settle(follower)
        if feed.log.kind is LogKind.LIST and follower.subscription.phase is not Phase.ENDED:
            self._present(feed, follower.info, joined=True)

    async def page(self, follower: Follower) -> None:
        """Read and push the next part of what a follower has missed.

        Raises what the store raises, and ``Refusal``.
        """
        subscription = follower.subscription
        feed = self.feeds.get(subscription.log)
        if feed is None or not subscription.behind:
            return
        since = subscription.position
        read = await self.reads.page(feed.log, subscription.user, since, follower.page_entries)
        self._counts.pages += 1
        # Mostly the bytes end a page, not the number: rows beyond them would be read for nothing.
        follower.page_entries = max(_LEAST_PAGE, len(read.entries) * 5 // 4)
        if read.role is not None and not read.floor <= since <= read.head:
            feed.end(follower, codes.INSUFFICIENT_STATE_UNSUBSCRIBE)
            return
        feed.perform(follower, subscription.page(read, since))

    def fell_behind(self, follower: Follower, offset: int) -> None:
        """Learn that a follower's publications from ``offset`` on were dropped before they left."""
        feed = self.feeds.get(follower.subscription.log)
        if feed is not None:
            feed.fall_behind(follower, offset)

    def leave(self, follower: Follower) -> None:
        """End a subscription that its client or its socket ended; harmless when it is over."""
        follower.subscription.end()
        feed = self.feeds.get(follower.subscription.log)
        if feed is not None:
            feed.discard(follower)
            if feed.log.kind is LogKind.LIST:
                self._present(feed, follower.info, joined=False)

    # --- signals and presence ---------------------------------------------------------------------

    async def follow_signals(self, peer: Peer, user: UUID, list_id: UUID) -> SignalSeat:
        """Begin a subscription to a list's signals; set the seat's ``ready`` after the reply.

        Raises as ``follow`` does.
        """
        feed = await self.attach(LogId.list(list_id))
        seat = SignalSeat(peer, user)
        feed.take_seat(seat)
        member = False
        try:
            read = await self._whole(feed, partial(self.reads.page, feed.log, user, None))
            member = seat.membership.start(read)
        finally:
            if not member:
                feed.leave_signals(peer)
        if not member:
            raise Refusal(codes.PERMISSION_DENIED)
        return seat

    def leave_signals(self, peer: Peer, list_id: UUID) -> None:
        """End a subscription to a list's signals."""
        feed = self.feeds.get(LogId.list(list_id))
        if feed is not None:
            feed.leave_signals(peer)

    def signal(self, list_id: UUID, data: bytes, info: ClientInfo) -> None:
        """Pass a signal on, here and to the other replicas."""
        log = LogId.list(list_id)
        feed = self.feeds.get(log)
        if feed is not None:
            feed.signal(data, info)
        self._bus.publish(log, Signalled(data, info))

    async def presence(self, log: LogId) -> list[ClientInfo]:
        """Tell who follows a list, on every replica."""
        feed = await self.attach(log)
        answered_by = feed.asked_at + self._limits.bus_wait_s / 2
        if self._bus.remote and self._clock.monotonic() < answered_by:
            feed.pins += 1
            try:
                await self._clock.sleep(answered_by - self._clock.monotonic())
            finally:
                feed.pins -= 1
        return list(feed.presence)

    def share_presence(self) -> None:
        """Tell the other replicas who is here, and forget those that fell silent."""
        now = self._clock.monotonic()
        for feed in tuple(self.feeds.values()):
            if feed.log.kind is LogKind.LIST:
                self._digest(feed)
                feed.tell(feed.presence.expire(now))

    def _digest(self, feed: Feed) -> None:
        if feed.presence.local:
            infos = tuple(feed.presence.local)
            feed.presence.untold()  # told with this
            self._bus.publish(feed.log, PresenceDigest(feed.presence.version, infos))

    def _present(self, feed: Feed, info: ClientInfo, *, joined: bool) -> None:
        presence = feed.presence
        diff = presence.join(info) if joined else presence.leave(info.client)
        if diff.joined or diff.left:
            feed.tell(diff)
            self._moved[feed] = None
            if not self._tellers:
                self._tellers.spawn(self._tell_while_moving())

    async def _tell_while_moving(self) -> None:
        """Tell the other replicas who comes and goes: at once, then what gathers meanwhile.

        When a thousand clients return to a list, a message for each of them costs a fifth of it.
        """
        while self._moved:
            self._tell_replicas()
            await self._clock.sleep(self._limits.presence_gather_s)

    def _tell_replicas(self) -> None:
        """Tell them now: one message a list."""
        moved, self._moved = self._moved, {}
        for feed in moved:
            diff = feed.presence.untold()
            if diff.joined or diff.left:
                message = PresenceChanged(feed.presence.version, diff.joined, diff.left)
                self._bus.publish(feed.log, message)

    async def aclose(self) -> None:
        """Tell the other replicas who went last; harmless when there is nothing to tell."""
        self._tell_replicas()
        await self._tellers.cancel()
