"""Define what a session asks its shell to do, and what the shell tells it afterwards.

An effect with a ``ticket`` must be answered by exactly one outcome with that ticket, now or later;
until then the session starts no further command. The others are done at once.

Nobody changes one; they are not frozen, for that makes making one three times as dear, and a join
has a dozen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from realtime.codes import CloseCode, ErrorCode
from realtime.credentials import Credentials
from realtime.presence import ClientInfo
from realtime.publication import Publication
from realtime.subscription import Recovery, Start
from store.log_id import LogId
from store.todo.commands import Command

__all__ = [
    "Abandon",
    "AskPresence",
    "Authenticate",
    "Authenticated",
    "Carried",
    "Close",
    "Done",
    "Effect",
    "Execute",
    "Failed",
    "Follow",
    "FollowSignals",
    "Followed",
    "Join",
    "Joined",
    "Leave",
    "Outcome",
    "Present",
    "ReadHistory",
    "Refused",
    "Send",
    "Signal",
    "Told",
]


@dataclass(slots=True)
class Send:
    """Send one finished message."""

    message: bytes


@dataclass(slots=True)
class Close:
    """Close the connection; nothing follows."""

    code: CloseCode


@dataclass(slots=True)
class Leave:
    """End the subscription to a channel; the client asked for it."""

    channel: str


@dataclass(slots=True)
class Abandon:
    """Stop the work of a ticket: its command was answered as too late."""

    ticket: int


@dataclass(slots=True)
class Authenticate:
    """Check an access token; answered by ``Authenticated`` or ``Refused``."""

    ticket: int
    token: str


@dataclass(slots=True)
class Join:
    """Follow the server-side channels; answered by ``Joined`` or ``Failed``."""

    ticket: int
    logs: tuple[LogId, ...]
    resume: Mapping[str, Recovery]


@dataclass(slots=True)
class Follow:
    """Subscribe to a list; answered by ``Followed`` or ``Failed``."""

    ticket: int
    log: LogId
    recovery: Recovery | None
    join_leave: bool


@dataclass(slots=True)
class FollowSignals:
    """Subscribe to a list's signals; answered by ``Followed`` (without a start) or ``Failed``."""

    ticket: int
    list_id: UUID


@dataclass(slots=True)
class Signal:
    """Pass a signal (finished JSON) to a list's members; answered by ``Done`` or ``Failed``."""

    ticket: int
    list_id: UUID
    data: bytes


@dataclass(slots=True)
class AskPresence:
    """Look up who follows a list; answered by ``Present`` or ``Failed``."""

    ticket: int
    log: LogId


@dataclass(slots=True)
class ReadHistory:
    """Read a log; answered by ``Told`` or ``Failed``."""

    ticket: int
    log: LogId
    since: Recovery | None
    limit: int
    reverse: bool


@dataclass(slots=True)
class Execute:
    """Carry out a command; answered by ``Carried`` or ``Failed``."""

    ticket: int
    command: Command


Effect = (
    Send
    | Close
    | Leave
    | Abandon
    | Authenticate
    | Join
    | Follow
    | FollowSignals
    | Signal
    | AskPresence
    | ReadHistory
    | Execute
)


@dataclass(slots=True)
class Authenticated:
    """Say that the token is good for ``left_s`` more seconds."""

    credentials: Credentials
    left_s: float


@dataclass(slots=True)
class Refused:
    """Say that the token is not good; ``expired``: it was."""

    expired: bool


@dataclass(slots=True)
class Joined:
    """Hold where the server-side channels start."""

    subs: Mapping[str, Start]


@dataclass(slots=True)
class Followed:
    """Hold where a subscription starts; None for signals, which have no positions."""

    start: Start | None


@dataclass(slots=True)
class Present:
    """Hold who is here."""

    infos: Collection[ClientInfo]


@dataclass(slots=True)
class Told:
    """Hold a part of a log; ``publications`` None: only the position was asked for."""

    epoch: str
    offset: int
    publications: Sequence[Publication] | None


@dataclass(slots=True)
class Carried:
    """Hold an executed command's answer: finished JSON."""

    body: bytes


@dataclass(slots=True)
class Done:
    """Say that it is done, and that there is nothing to tell."""


@dataclass(slots=True)
class Failed:
    """Hold why it was not done."""

    error: ErrorCode


Outcome = Authenticated | Refused | Joined | Followed | Present | Told | Carried | Done | Failed
