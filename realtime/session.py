"""Hold one connection's conversation: frames and outcomes in, effects out."""

from __future__ import annotations

import math
from enum import Enum, auto

from realtime import codes
from realtime.answer import answer
from realtime.backlog import Backlog, Pending
from realtime.codes import CloseCode, ErrorCode, UnsubscribeCode
from realtime.command import (
    Connect,
    Message,
    Ping,
    Pong,
    Refresh,
    SubRefresh,
    Subscribe,
    Unknown,
    Unsubscribe,
)
from realtime.command import Send as SendCommand
from realtime.counts import Counts
from realtime.credentials import Credentials
from realtime.effects import (
    Abandon,
    Authenticate,
    Authenticated,
    Close,
    Effect,
    Failed,
    Followed,
    Join,
    Joined,
    Leave,
    Outcome,
    Refused,
    Send,
)
from realtime.encoding import Address, BadFrame, Encoding, TooManyCommands
from realtime.few import Few, added, removed
from realtime.limits import Limits
from realtime.request import Rejected, request_effect
from store.log_id import LogId

__all__ = ["Session"]


class _State(Enum):
    NEW = auto()  # nothing said yet
    CONNECTING = auto()  # the connect command is being worked on
    OPEN = auto()
    REFUSED = auto()  # connect was answered with an error: the client is expected to hang up
    CLOSED = auto()


_FOREVER = float("inf")
_PROMPT = (Connect, Subscribe)  # SDKs give up on these soon


class Session:
    """Converse with one client in the Centrifugo client protocol.

    Commands run strictly in order: while one is being worked on, those behind it wait. ``deadline``
    is the monotonic time at which ``tick`` is due next; the shell calls it then (later does not
    matter, only the deadline is late then). The shell performs the returned effects in order.
    ``counts`` takes note of what is refused and resumed.
    """

    __slots__ = (
        "_answers",
        "_backlog",
        "_connect_by",
        "_counts",
        "_current",
        "_expires_at",
        "_held",
        "_limits",
        "_ping_at",
        "_pong_by",
        "_state",
        "_tickets",
        "address",
        "channels",
        "client",
        "credentials",
        "encoding",
    )

    def __init__(
        self, client: str, encoding: Encoding, limits: Limits, now: float, counts: Counts
    ) -> None:
        self.client = client
        self.encoding = encoding
        self.address: Address | None = None  # where commands come in that no socket brings
        self.credentials: Credentials | None = None
        self.channels: Few[str] = ()  # those the client subscribed to
        self._limits = limits
        self._counts = counts
        self._state = _State.NEW
        self._backlog = Backlog()
        self._current: Pending | None = None
        self._tickets = 0
        self._held = False
        self._connect_by = now + limits.connect_s
        self._ping_at = _FOREVER
        self._pong_by = _FOREVER
        self._expires_at = _FOREVER

    # --- what the shell tells ---------------------------------------------------------------------

    def receive(self, frame: bytes, now: float) -> list[Effect]:
        """Take one message from the client."""
        if self._is_over:
            return []
        limits = self._limits
        if len(frame) > self.message_bytes:
            return self._close(codes.TOO_BIG)
        try:
            messages = self.encoding.parse(frame)
        except TooManyCommands:
            return self._close(codes.TOO_MANY_COMMANDS)
        except BadFrame:
            return self._close(codes.BAD_FRAME)
        size = len(frame) // len(messages)
        for message in messages:
            if isinstance(message, Pong):
                self._pong_by = _FOREVER  # a stray one changes nothing
                continue
            answer_by = now + limits.answer_s if isinstance(message, _PROMPT) else _FOREVER
            self._backlog.add(Pending(message, size, answer_by))
        if self._backlog.exceeds(limits):
            return self._close(codes.TOO_MANY_COMMANDS)
        return self._advance(now)

    def complete(self, ticket: int, outcome: Outcome, now: float) -> list[Effect]:
        """Take the outcome of an effect; one whose ticket is over is passed over."""
        current = self._current
        if current is None or current.ticket != ticket:
            return []
        command = current.command
        if isinstance(command, Connect):
            effects = self._connecting(command, outcome, now)
        elif isinstance(command, Refresh):
            effects = self._refreshed(command, outcome, now)
        elif isinstance(outcome, Failed):
            effects = [self._error(command, outcome.error)]
        else:
            if isinstance(command, Subscribe) and isinstance(outcome, Followed):
                self.channels = added(self.channels, command.channel)
                if outcome.start is not None:
                    self._counts.resumed(outcome.start.recovered)
            effects = [Send(answer(self.encoding, command, outcome))]
        if current.ticket == ticket:  # else the command goes on with a further effect
            self._current = None
        return [*effects, *self._advance(now)]

    def awaits(self, ticket: int) -> bool:
        """Tell whether the outcome of ``ticket`` still matters."""
        return self._current is not None and self._current.ticket == ticket

    def tick(self, now: float) -> list[Effect]:
        """Do what is due by ``now``."""
        if self._state is _State.CLOSED:
            return []
        if now >= self._connect_by:
            return self._close(codes.NOT_AUTHENTICATED)
        if now >= self._pong_by:
            return self._close(codes.NO_PONG)
        if now >= self._expires_at:
            return self._close(codes.EXPIRED)
        effects: list[Effect] = []
        if now >= self._ping_at:
            self._ping_at = now + self._limits.ping_s
            self._pong_by = now + self._limits.pong_s
            effects.append(Send(self.encoding.ping))
        return [*effects, *self._give_up(now)]

    def hold(self) -> None:
        """Start no further command until ``release``: too much waits for the client already."""
        self._held = True

    def progressed(self, now: float) -> None:
        """Learn that the client took what waited for it: its pong may follow from now on.

        A ping waits its turn behind a page of entries, which takes a slow link many seconds; but
        the pong comes before the next ping.
        """
        if self._pong_by != _FOREVER:
            self._pong_by = min(now + self._limits.pong_s, self._ping_at)

    def release(self, now: float) -> list[Effect]:
        """Go on with the commands that ``hold`` kept back."""
        self._held = False
        return self._advance(now)

    def unsubscribed(self, channel: str, code: UnsubscribeCode) -> list[Effect]:
        """Learn that the server ended a client's subscription; tell the client."""
        if self._state is not _State.OPEN or channel not in self.channels:
            return []
        self.channels = removed(self.channels, channel)
        self._counts.refused("unsubscribe", code.code, code.reason)
        return [Send(self.encoding.unsubscribe_push(channel, code))]

    def close(self, code: CloseCode) -> list[Effect]:
        """Close from the server's side; does nothing on a closed session."""
        return [] if self._state is _State.CLOSED else self._close(code)

    def lost(self) -> None:
        """Learn that the peer is gone."""
        self._close(codes.FORCE_CLOSE)

    @property
    def deadline(self) -> float:
        """Name the monotonic time of the next ``tick``; infinity when closed."""
        if self._state is _State.CLOSED:
            return _FOREVER
        due = min(self._connect_by, self._ping_at, self._pong_by, self._expires_at)
        if self._current is not None:
            due = min(due, self._current.answer_by)
        return self._backlog.due(due)

    @property
    def message_bytes(self) -> int:
        """Give how long a message may be; less before connect, because nobody is known yet."""
        opened = self._state is _State.OPEN
        return self._limits.frame_bytes if opened else self._limits.first_frame_bytes

    @property
    def is_open(self) -> bool:
        """Tell whether the client is connected: authenticated and answered."""
        return self._state is _State.OPEN

    @property
    def held(self) -> bool:
        """Tell whether ``hold`` keeps commands back."""
        return self._held

    @property
    def crowded(self) -> bool:
        """Tell whether so much waits that nothing further should be read for now."""
        return self._state is not _State.CLOSED and self._backlog.exceeds(self._limits, 0.5)

    # --- commands, one after the other ------------------------------------------------------------

    @property
    def _is_over(self) -> bool:
        return self._state is _State.CLOSED or self._state is _State.REFUSED

    def _advance(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._backlog and self._current is None and not self._held:
            if self._is_over:
                break
            pending = self._backlog.take()
            self._current = pending
            effects.extend(self._begin(pending, now))
            if self._current is pending and pending.ticket == 0:
                self._current = None  # answered on the spot
        return effects

    def _begin(self, pending: Pending, now: float) -> list[Effect]:
        command = pending.command
        if isinstance(command, Connect):
            if self._state is not _State.NEW:
                return self._close(codes.BAD_FRAME)
            self._state = _State.CONNECTING
            return [Authenticate(self._ticket(), command.token)]
        if self._state is not _State.OPEN or self.credentials is None:
            return self._close(codes.BAD_FRAME)
        if isinstance(command, SendCommand | Pong):
            return []
        if isinstance(command, Ping):
            return [Send(self.encoding.empty_reply(command.id, "ping"))]
        if isinstance(command, Unsubscribe):
            known = command.channel in self.channels
            self.channels = removed(self.channels, command.channel)
            done = Send(self.encoding.empty_reply(command.id, "unsubscribe"))
            return [Leave(command.channel), done] if known else [done]
        if isinstance(command, Refresh):
            return [Authenticate(self._ticket(), command.token)]
        if isinstance(command, Unknown):
            return [self._error(command, codes.METHOD_NOT_FOUND)]
        if isinstance(command, SubRefresh):
            return [self._error(command, codes.NOT_AVAILABLE)]
        user = self.credentials.actor.id
        try:
            effect = request_effect(command, self._tickets + 1, user, self.channels, self._limits)
        except Rejected as rejected:
            return [self._error(command, rejected.error)]
        self._ticket()
        return [effect]

    def _ticket(self) -> int:
        self._tickets += 1
        if self._current is not None:
            self._current.ticket = self._tickets
        return self._tickets

    def _connecting(self, command: Connect, outcome: Outcome, now: float) -> list[Effect]:
        match outcome:
            case Authenticated(credentials, left_s):
                self.credentials = credentials
                self._expires_at = now + left_s + self._limits.expiry_grace_s
                user_log = LogId.user(credentials.actor.id)
                return [Join(self._ticket(), (user_log, LogId.ALL), command.subs)]
            case Joined(subs):
                self._state = _State.OPEN
                self._connect_by = _FOREVER
                self._ping_at = now + self._limits.ping_s
                left_s = self._expires_at - self._limits.expiry_grace_s - now
                ping = int(self._limits.ping_s)
                ttl = _ttl(left_s)
                for start in subs.values():
                    self._counts.resumed(start.recovered)
                reply = self.encoding.connect_reply(
                    command.id, self.client, ttl, ping, subs, self.address
                )
                return [Send(reply)]
            case Refused(expired=True):
                return self._refuse(command, codes.TOKEN_EXPIRED)
            case Failed(error):
                return self._refuse(command, error)
            case _:
                return self._close(codes.INVALID_TOKEN)

    def _refuse(self, command: Connect, error: ErrorCode) -> list[Effect]:
        self._state = _State.REFUSED
        self._backlog.clear()
        return [self._error(command, error)]

    def _refreshed(self, command: Refresh, outcome: Outcome, now: float) -> list[Effect]:
        match outcome:
            case Authenticated(credentials, left_s) if self._same(credentials):
                self.credentials = credentials
                self._expires_at = now + left_s + self._limits.expiry_grace_s
                return [Send(self.encoding.refresh_reply(command.id, _ttl(left_s)))]
            case Failed(error):
                return [self._error(command, error)]
            case Refused(expired=True):
                return self._close(codes.EXPIRED)
            case _:
                return self._close(codes.INVALID_TOKEN)

    def _same(self, credentials: Credentials) -> bool:
        """Tell whether a fresh token belongs to the user and the session that connected."""
        if self.credentials is None:
            return False
        before, after = self.credentials.actor, credentials.actor
        return before.id == after.id and before.session == after.session

    # --- ends -------------------------------------------------------------------------------------

    def _give_up(self, now: float) -> list[Effect]:
        """Answer the connects and subscribes that took too long: an SDK stops waiting soon."""
        late = self._backlog.take_late(now)
        effects: list[Effect] = []
        if self._current is not None and self._current.answer_by <= now:
            late.insert(0, self._current)
            effects.append(Abandon(self._current.ticket))
            self._current = None
        for pending in late:
            command = pending.command
            if isinstance(command, Connect):
                effects.extend(self._refuse(command, codes.INTERNAL))
            elif self._state is _State.OPEN:
                effects.append(self._error(command, codes.INTERNAL))
        return [*effects, *self._advance(now)] if late else effects

    def _error(self, command: Message, error: ErrorCode) -> Send:
        """Answer a command with an error."""
        self._counts.refused("error", error.code, error.message)
        if isinstance(command, Subscribe) and command.recovery is not None:
            self._counts.not_resumed(lost=error is codes.UNRECOVERABLE_POSITION)
        return Send(self.encoding.error_reply(command.id, error))

    def _close(self, code: CloseCode) -> list[Effect]:
        effects: list[Effect] = []
        if self._current is not None and self._current.ticket:
            effects.append(Abandon(self._current.ticket))
        self._current = None
        self._backlog.clear()
        self.channels = ()
        self._state = _State.CLOSED
        effects.append(Close(code))
        return effects


def _ttl(left_s: float) -> int:
    """Say when to refresh, in whole seconds: SDKs do it exactly then, so not after the end.

    Rounded up, for right after a login there are some milliseconds less than 1,800 s left.
    """
    return max(1, min(int(left_s), math.ceil(left_s - min(60.0, left_s / 4))))
