"""Carry one socket's conversation out: perform its session's effects, queue what it is sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from realtime import codes
from realtime.carrier import Carrier
from realtime.codes import CloseCode, UnsubscribeCode
from realtime.context import Context
from realtime.effects import (
    Abandon,
    Authenticate,
    Close,
    Effect,
    Leave,
    Outcome,
    Send,
)
from realtime.encoding import Encoding
from realtime.feed import PEER_NUMBERS, Follower
from realtime.outbox import Outbox, Weight
from realtime.reads import Refusal
from realtime.session import Session
from realtime.signals import list_of_signals
from realtime.work import Worker
from store.errors import LockstepError
from store.log_id import LogId

__all__ = ["Connection"]

_log = structlog.get_logger("lockstep.realtime")

_NEVER = float("inf")
# What a queue is emptied of before the socket closes; after the others nothing more may be sent.
_NOTHING_MORE = {codes.INVALID_TOKEN.code, codes.SLOW.code, codes.FORCE_CLOSE.code}


@dataclass(frozen=True, slots=True)
class _Settle:
    """Go on with subscriptions, now that the effect before, their reply, is done."""

    followers: list[Follower]


class Connection:
    """Tie one socket to its session, its subscriptions and its outbox.

    The transport calls ``receive`` for each message, ``take`` for what to write, ``blocked`` and
    ``sent`` when the socket takes nothing more and when it does again, and ``lost`` at the end.
    Nothing here waits: a command that must is a task of its own while it lasts, and so is catching
    up.
    """

    __slots__ = (
        "_abort_at",
        "_behind",
        "_catching_up",
        "_context",
        "_crowded",
        "_done",
        "_due",
        "_room",
        "_task",
        "_transport",
        "_writing_since",
        "direct",
        "followers",
        "number",
        "outbox",
        "session",
        "worker",
    )

    def __init__(
        self, context: Context, transport: Carrier, client: str, encoding: Encoding
    ) -> None:
        now = context.clock.monotonic()
        limits = context.limits
        self.session = Session(client, encoding, limits, now, context.counts)
        self.number = next(PEER_NUMBERS)  # see realtime.feed.Peer
        self.outbox: Outbox[Follower] = Outbox(limits.outbox_entries, limits.outbox_bytes)
        self.followers: list[Follower] = []  # a dict by channel takes 400 bytes more
        self.direct: Callable[[bytes], object] | None = None  # see realtime.feed.Peer
        self.worker = Worker(self, self.session, context.hub, context.submit, limits)
        self._context = context
        self._transport = transport
        self._task: asyncio.Task[None] | None = None
        self._behind: list[Follower] = []
        self._catching_up: asyncio.Task[None] | None = None
        self._room: asyncio.Event | None = None  # set when the outbox has room again
        self._writing_since = _NEVER
        self._abort_at = _NEVER
        self._done = False
        self._crowded = False
        self._due = _NEVER
        self._schedule()

    @property
    def carrier(self) -> str:
        """Name the kind of socket that carries it."""
        return self._transport.name

    @property
    def encoding(self) -> Encoding:
        """Give the form that the peer chose (see realtime.feed.Peer)."""
        return self.session.encoding

    # --- the transport's side ---------------------------------------------------------------------

    def receive(self, frame: bytes) -> None:
        """Take one message of the client."""
        self._perform(self.session.receive(frame, self._context.clock.monotonic()))
        if self.session.crowded:
            self._crowded = True
            self._transport.pause()

    def close(self, code: CloseCode) -> None:
        """Close from the server's side; does nothing on a closed connection."""
        self._perform(self.session.close(code))

    def lost(self) -> None:
        """Learn that the socket is gone."""
        self.session.lost()
        self._cleanup()
        self._abort_at = _NEVER

    def take(self) -> bytes | None:
        """Give the next message to write; None when nothing waits."""
        return self.outbox.take(self._context.limits.page_bytes, self.encoding.separator)

    def blocked(self) -> None:
        """Learn that the socket takes nothing for now; ``sent`` must follow when it does again."""
        if self._writing_since == _NEVER:
            self._writing_since = self._context.clock.monotonic()
            self._schedule()

    def sent(self) -> None:
        """Learn that the socket took everything so far; go on with what waited for that."""
        if self._writing_since != _NEVER:
            self._writing_since = _NEVER
            self.session.progressed(self._context.clock.monotonic())
        if self.outbox.full:
            return
        if self._room is not None:
            self._room.set()
        if self.session.held:
            self._perform(self.session.release(self._context.clock.monotonic()))
        if not self.outbox:
            self._context.hub.queueing.discard(self)

    def queue(self) -> None:
        """Have what comes wait in the outbox, until the socket took everything."""
        if not self._done:
            self._context.hub.queueing.add(self)

    def tick(self) -> None:
        """Do what is due by now."""
        context = self._context
        now = context.clock.monotonic()
        self._due = _NEVER
        if now >= self._abort_at:
            self._abort_at = _NEVER
            self._transport.abort()
            return
        if now >= self._writing_since + context.limits.stuck_s:
            self.close(codes.SLOW)
        elif self._writing_since != _NEVER:
            self.session.progressed(now)  # a ping may wait, too: being stuck is what counts
        self._perform(self.session.tick(now))

    # --- the feeds' side (see realtime.feed.Peer) -------------------------------------------------

    def push(
        self, message: bytes, weight: Weight, follower: Follower | None = None, offset: int = 0
    ) -> None:
        """Queue a message."""
        if self._done:
            return
        self.queue()  # what comes now must queue behind this
        dropped = self.outbox.push(message, weight, follower, offset)
        if dropped:
            self._context.counts.slow_readers += 1
            for one in dropped:
                self._context.hub.fell_behind(one.source, one.offset)
                self.behind(one.source)
        self._transport.wake()

    def ended(self, channel: str, code: UnsubscribeCode) -> None:
        """Learn that the server ended a subscription."""
        follower = self._leave(channel)
        if channel in self.session.channels:
            self._perform(self.session.unsubscribed(channel, code))
        elif follower is not None:
            # A server-side subscription cannot be made again on this connection.
            self.close(codes.INSUFFICIENT_STATE)

    def behind(self, follower: Follower) -> None:
        """Catch a subscription up from the log, when there is room."""
        if self._done or follower in self._behind:
            return
        self._behind.append(follower)
        if self._catching_up is None:
            self._catching_up = self._context.tasks.spawn(self._catch_up())

    # --- effects ----------------------------------------------------------------------------------

    def _perform(self, effects: Iterable[Effect]) -> None:
        queue: deque[Effect | _Settle] = deque(effects)
        while queue:
            effect = queue.popleft()
            match effect:
                case Send(message):
                    self.push(message, Weight.REPLY)
                    if self.outbox.full:
                        self.session.hold()
                case Authenticate(ticket, token):
                    outcome = self._context.identify(self, token)
                    now = self._context.clock.monotonic()
                    queue.extend(self.session.complete(ticket, outcome, now))
                case Abandon():
                    if self._task is not None:
                        self._task.cancel()
                        self._task = None
                case Leave(channel):
                    self._leave(channel)
                case Close(code):
                    self._end(code)
                case _Settle(followers):
                    self._settle(followers)
                case _:
                    done = self.worker.at_once(effect)
                    if done is None:
                        self._task = self._context.tasks.spawn(self._work(effect))
                        continue
                    now = self._context.clock.monotonic()
                    settle = _Settle(self._take_over())
                    reply, *further = self.session.complete(effect.ticket, done, now)
                    queue.extend((reply, settle, *further))
        if self._crowded and not self.session.crowded:
            self._crowded = False
            self._transport.resume()
        self._schedule()

    async def _work(self, effect: Any) -> None:
        outcome: Outcome
        try:
            outcome = await self.worker.carry_out(effect)
        except asyncio.CancelledError:
            self.worker.undo()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            outcome = self.worker.failure(error, effect)
        if not self.session.awaits(effect.ticket):
            self.worker.undo()
            return
        self._task = None
        # Taken from the worker first: the command that comes after the reply is already its next.
        started, seat = self._take_over(), self.worker.seated()
        self._perform(
            self.session.complete(effect.ticket, outcome, self._context.clock.monotonic())
        )
        self._settle(started)
        if seat is not None:
            seat.ready = True

    def _take_over(self) -> list[Follower]:
        """Hold the subscriptions that the worker began."""
        started = self.worker.started()
        self.followers += started
        return started

    def _settle(self, followers: list[Follower]) -> None:
        """Go on with subscriptions whose reply was queued."""
        for follower in followers:
            self._context.hub.settle(follower)

    def _leave(self, channel: str) -> Follower | None:
        """Leave a channel; give the subscription to its log, None: there is none."""
        list_id = list_of_signals(channel)
        if list_id is not None:
            self.worker.signals.pop(list_id, None)
            self._context.hub.leave_signals(self, list_id)
            return None
        log = LogId.parse(channel)
        for place, follower in enumerate(self.followers):
            if follower.subscription.log == log:
                del self.followers[place]
                self._context.hub.leave(follower)
                return follower
        return None

    # --- catching up ------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        context = self._context
        try:
            while self._behind and not self._done:
                follower = self._behind.pop(0)
                await self._wait_for_room()
                try:
                    await context.hub.page(follower)
                except (LockstepError, Refusal) as error:
                    _log.debug("catch_up_delayed", connection=self.session.client, error=str(error))
                    self._behind.append(follower)
                    await context.clock.sleep(context.limits.poll_s)
        finally:
            self._catching_up = None

    async def _wait_for_room(self) -> None:
        while self.outbox.full and not self._done:
            self._room = asyncio.Event()
            await self._room.wait()
        self._room = None

    # --- the end ----------------------------------------------------------------------------------

    def _end(self, code: CloseCode) -> None:
        if self._done:
            return
        if code.code in _NOTHING_MORE:
            self.outbox.clear()
        self._cleanup(code.code)
        self._context.counts.refused("close", code.code, code.reason)
        self._abort_at = self._context.clock.monotonic() + self._context.limits.close_s
        self._transport.close(code)

    def _cleanup(self, code: int | None = None) -> None:
        """Leave everything; runs every undo even if one fails. ``code`` None: the peer went."""
        if self._done:
            return
        self._done = True
        self._context.hub.queueing.discard(self)
        if self.session.credentials is not None:
            user = self.worker.info.user
            self._context.log.info(
                "connection_closed", connection=self.session.client, user=user, code=code
            )
        hub = self._context.hub
        undo: list[Callable[[], object]] = [
            partial(hub.leave, follower) for follower in self.followers
        ]
        undo += [partial(hub.leave_signals, self, list_id) for list_id in self.worker.signals]
        undo += [task.cancel for task in (self._task, self._catching_up) if task is not None]
        undo.append(partial(self._context.unregister, self))
        for step in undo:
            try:
                step()
            except Exception:  # noqa: BLE001 - the other steps must still be done
                _log.exception("cleanup_failed", connection=self.session.client)
        self.followers.clear()
        self._behind.clear()

    def _schedule(self) -> None:
        """Have ``tick`` called at the next deadline."""
        due = min(
            self.session.deadline,
            self._writing_since + self._context.limits.stuck_s,
            self._abort_at,
        )
        if due < self._due:
            self._due = due
            self._context.deadlines.put(self, due)
