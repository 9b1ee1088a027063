"""Do what a command of a connection has to wait for: reads, writes, subscriptions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog

from realtime import codes
from realtime.codes import ErrorCode
from realtime.effects import (
    AskPresence,
    Carried,
    Done,
    Execute,
    Failed,
    Follow,
    Followed,
    FollowSignals,
    Join,
    Joined,
    Outcome,
    Present,
    ReadHistory,
    Signal,
    Told,
)
from realtime.feed import Follower, Peer, SignalSeat
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.presence import ClientInfo
from realtime.publication import Publication
from realtime.reads import Refusal
from realtime.session import Session
from realtime.signals import signals_channel
from realtime.submit import Submit
from realtime.subscription import Start, Subscription
from store.actor import Actor
from store.entry import LogRead
from store.errors import HistoryPruned, LockstepError
from store.log_id import LogId, LogKind

__all__ = ["Worker"]

_log = structlog.get_logger("lockstep.realtime")

# The statuses that an rpc's error code may be; anything else is an internal error.
_TOLD = {403, 404, 409, 412, 422, 429, 503}


class Worker:
    """Carry out one effect at a time for one connection.

    Subscriptions that an effect began are kept aside (``started``) until the reply was queued;
    ``undo`` takes them back.
    """

    __slots__ = (
        "_client",
        "_hub",
        "_limits",
        "_peer",
        "_seat",
        "_session",
        "_started",
        "_submit",
        "signals",
    )

    def __init__(
        self, peer: Peer, session: Session, hub: Hub, submit: Submit, limits: Limits
    ) -> None:
        self.signals: dict[UUID, None] = {}  # the lists whose signals are followed
        self._peer = peer
        self._session = session
        self._hub = hub
        self._submit = submit
        self._limits = limits
        self._started: list[Follower] = []
        self._seat: SignalSeat | None = None
        self._client: ClientInfo | None = None  # one for all subscriptions

    def at_once(self, effect: Any) -> Outcome | None:
        """Do it without waiting, from what the replica remembers; None: ``carry_out`` must."""
        match effect:
            case Join(_, logs, resume):
                starts: dict[str, Start] = {}
                for log in logs:
                    start = self._hub.follow_at_once(self._follower(log), resume.get(log.channel))
                    if start is None:
                        self.undo()
                        return None
                    starts[log.channel] = start
                return Joined(starts)
            case Follow(_, log, recovery, join_leave):
                follower = self._follower(log, join_leave=join_leave)
                begun = self._hub.follow_at_once(follower, recovery)
                if begun is None:
                    self.undo()
                    return None
                return Followed(begun)
            case _:
                return None

    async def carry_out(self, effect: Any) -> Outcome:
        """Do it; raises ``Refusal`` and what the store raises."""
        match effect:
            case Join(_, logs, resume):
                return Joined(
                    {
                        log.channel: await self._hub.follow(
                            self._follower(log), resume.get(log.channel)
                        )
                        for log in logs
                    }
                )
            case Follow(_, log, recovery, join_leave):
                follower = self._follower(log, join_leave=join_leave)
                return Followed(await self._hub.follow(follower, recovery))
            case FollowSignals(_, list_id):
                self.signals[list_id] = None
                try:
                    self._seat = await self._hub.follow_signals(self._peer, self._actor.id, list_id)
                except BaseException:
                    self.signals.pop(list_id, None)
                    raise
                return Followed(None)
            case Signal(_, list_id, data):
                await self._demand_member(LogId.list(list_id), signals_channel(list_id))
                self._hub.signal(list_id, data, self.info)
                return Done()
            case AskPresence(_, log):
                await self._demand_member(log)
                return Present(await self._hub.presence(log))
            case ReadHistory():
                return await self._history(effect)
            case Execute(_, command):
                committed = await self._submit(self._actor, command)
                return Carried(committed.body)
            case _:
                raise Refusal(codes.METHOD_NOT_FOUND)

    def failure(self, error: Exception, effect: Any) -> Failed:
        """Turn what ``carry_out`` raised into the client's error; take back what was begun."""
        self.undo()
        if isinstance(error, Refusal):
            return Failed(error.error)
        if isinstance(error, LockstepError):
            if isinstance(effect, Execute) and error.status in _TOLD:
                temporary = error.status in {429, 503}
                return Failed(ErrorCode(error.status, error.code, temporary))
            return Failed(codes.INTERNAL)
        _log.error("command_failed", connection=self._session.client, exc_info=error)
        return Failed(codes.INTERNAL)

    def started(self) -> list[Follower]:
        """Hand over the subscriptions that were begun."""
        started, self._started = self._started, []
        return started

    def seated(self) -> SignalSeat | None:
        """Hand over the subscription to signals that was begun, not ready yet."""
        seat, self._seat = self._seat, None
        return seat

    def undo(self) -> None:
        """Take back subscriptions whose reply will never be sent."""
        for follower in self.started():
            self._hub.leave(follower)
        if self._seat is not None:
            self._seat = None
            for list_id in tuple(self.signals):
                if signals_channel(list_id) not in self._session.channels:
                    self.signals.pop(list_id, None)
                    self._hub.leave_signals(self._peer, list_id)

    # --- parts ------------------------------------------------------------------------------------

    @property
    def _actor(self) -> Actor:
        credentials = self._session.credentials
        if credentials is None:
            raise Refusal(codes.PERMISSION_DENIED)
        return credentials.actor

    @property
    def info(self) -> ClientInfo:
        """Describe the connection, once it is authenticated, as others see it."""
        if self._client is None:
            actor = self._actor
            self._client = ClientInfo(self._session.client, str(actor.id), actor.username)
        return self._client

    def _follower(self, log: LogId, *, join_leave: bool = False) -> Follower:
        subscription = Subscription(log, self._actor.id, self._limits.buffered)
        follower = Follower(self._peer, subscription, self.info, join_leave=join_leave)
        self._started.append(follower)
        return follower

    async def _demand_member(self, log: LogId, *channels: str) -> None:
        """Refuse someone without access to a list; who follows it has access, in log order."""
        if any(channel in self._session.channels for channel in (log.channel, *channels)):
            return
        read = await self._hub.reads.page(log, self._actor.id, None)
        if read.role is None:
            raise Refusal(codes.PERMISSION_DENIED)

    async def _history(self, asked: ReadHistory) -> Told:
        reads = self._hub.reads
        log, user, since = asked.log, self._actor.id, asked.since
        state = _accessible(await reads.page(log, user, None), log)
        if since is not None and not (
            since.epoch_matches(state.epoch) and 0 <= since.offset <= state.head
        ):
            raise Refusal(codes.UNRECOVERABLE_POSITION)
        if asked.limit == 0:
            return Told(state.epoch, state.head, None)
        try:
            if asked.reverse:
                before = None if since is None else since.offset
                read = await reads.backward(log, user, before, asked.limit)
            else:
                after = state.floor if since is None else since.offset
                if after < state.floor:
                    raise Refusal(codes.UNRECOVERABLE_POSITION)
                read = await reads.forward(log, user, after, asked.limit)
        except HistoryPruned:
            raise Refusal(codes.UNRECOVERABLE_POSITION) from None
        _accessible(read, log)
        publications = [Publication(entry) for entry in read.entries]
        return Told(read.epoch, read.head, publications)


def _accessible(read: LogRead, log: LogId) -> LogRead:
    if read.role is None and log.kind is LogKind.LIST:
        raise Refusal(codes.PERMISSION_DENIED)
    return read
