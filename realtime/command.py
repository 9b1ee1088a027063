"""Define what a client may say: one closed value per command.

Nobody changes one; they are not frozen, for the reason given in ``realtime.effects``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from realtime.subscription import Recovery

__all__ = [
    "Connect",
    "History",
    "Message",
    "Ping",
    "Pong",
    "Presence",
    "Publish",
    "Refresh",
    "Rpc",
    "Send",
    "SubRefresh",
    "Subscribe",
    "Unknown",
    "Unsubscribe",
]


@dataclass(slots=True)
class Connect:
    """Authenticate; ``subs`` are the server-side channels to resume."""

    id: int
    token: str
    subs: Mapping[str, Recovery] = field(default_factory=dict)


@dataclass(slots=True)
class Subscribe:
    """Follow a channel; ``recovery`` None: from now on."""

    id: int
    channel: str
    recovery: Recovery | None = None
    join_leave: bool = False
    filtered: bool = False  # ``tf``: a server-side filter by tags
    kind: int = 0  # ``type``: other than 0 a map or a shared poll


@dataclass(slots=True)
class Unsubscribe:
    """Stop following a channel."""

    id: int
    channel: str


@dataclass(slots=True)
class Publish:
    """Send a signal."""

    id: int
    channel: str
    data: Any
    surrogate: bool = False  # the frame held a lone surrogate: not text


@dataclass(slots=True)
class Presence:
    """Ask who is here; ``stats``: only how many."""

    id: int
    channel: str
    stats: bool = False


@dataclass(slots=True)
class History:
    """Read a log: after ``since``, or from an end; ``limit`` 0: the position only."""

    id: int
    channel: str
    since: Recovery | None = None
    limit: int = 0
    reverse: bool = False


@dataclass(slots=True)
class Rpc:
    """Carry out a command of the table."""

    id: int
    method: str
    data: Any
    surrogate: bool = False


@dataclass(slots=True)
class Refresh:
    """Bring a fresh token."""

    id: int
    token: str


@dataclass(slots=True)
class SubRefresh:
    """Bring a fresh subscription token, which we do not have."""

    id: int


@dataclass(slots=True)
class Ping:
    """Ask for an answer."""

    id: int


@dataclass(slots=True)
class Pong:
    """Answer the server's ping; it has no id."""

    id: int = 0


@dataclass(slots=True)
class Send:
    """Carry a message that is accepted and ignored; it has no answer."""

    id: int = 0


@dataclass(slots=True)
class Unknown:
    """Hold the id of a command that a later protocol may know."""

    id: int


Message = (
    Connect
    | Subscribe
    | Unsubscribe
    | Publish
    | Presence
    | History
    | Rpc
    | Refresh
    | SubRefresh
    | Ping
    | Pong
    | Send
    | Unknown
)
