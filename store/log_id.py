"""Name a log: which stream of entries a position belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar
from uuid import UUID

__all__ = ["LogId", "LogKind"]

_NOBODY = UUID(int=0)


class LogKind(IntEnum):
    """Tell the kinds of log apart; the number is stored, so it never changes."""

    LIST = 0
    USER = 1
    ALL = 2
    CONTROL = 3
    LISTS = 4


_MANY = (LogKind.LIST, LogKind.USER)


@dataclass(frozen=True, slots=True, eq=False)
class LogId:
    """Identify one log by its kind and the id of what it belongs to.

    ``key`` is the list's id, the user's id, or the nil UUID for what exists once: the logs ``all``
    (broadcasts to everyone) and ``control`` (ended sessions, never sent to clients), and ``lists``,
    which is only a channel between replicas: which lists have grown.
    """

    kind: LogKind
    key: UUID
    _channel: str | None = field(default=None, init=False, repr=False)

    ALL: ClassVar[LogId]
    CONTROL: ClassVar[LogId]
    LISTS: ClassVar[LogId]

    @classmethod
    def list(cls, list_id: UUID) -> LogId:
        """Name the log of a list."""
        return cls(LogKind.LIST, list_id)

    @classmethod
    def user(cls, user_id: UUID) -> LogId:
        """Name the inbox log of a user."""
        return cls(LogKind.USER, user_id)

    @classmethod
    def parse(cls, channel: str) -> LogId | None:
        """Read a channel name back; None when it does not name a log that clients may know."""
        return _parse(channel)

    @property
    def channel(self) -> str:
        """Spell the log's name as it stands on the wire."""
        channel = self._channel
        if channel is None:
            one = f":{self.key}" if self.kind in _MANY else ""
            channel = f"{self.kind.name.lower()}{one}"
            object.__setattr__(self, "_channel", channel)  # asked for again and again
        return channel

    # As a dataclass would write these, but for the ways through UUID's and Enum's own.

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not LogId:
            return NotImplemented
        return self.key.int == other.key.int and self.kind is other.kind

    def __hash__(self) -> int:
        return hash(self.key.int)


LogId.ALL = LogId(LogKind.ALL, _NOBODY)
LogId.CONTROL = LogId(LogKind.CONTROL, _NOBODY)
LogId.LISTS = LogId(LogKind.LISTS, _NOBODY)


@lru_cache(maxsize=4096)  # a thousand who return to a list name the same one
def _parse(channel: str) -> LogId | None:
    if channel == "all":
        return LogId.ALL
    kind, _, key = channel.partition(":")
    if kind not in {"list", "user"} or len(key) != 36:
        return None
    try:
        uuid = UUID(key)
    except ValueError:
        return None
    # Only the canonical spelling names the log, so that one log never has two channels.
    if str(uuid) != key:
        return None
    return LogId(LogKind[kind.upper()], uuid)
