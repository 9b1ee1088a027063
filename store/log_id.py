"""Name a log: which stream of entries a position belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
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


@dataclass(frozen=True, slots=True)
class LogId:
    """Identify one log by its kind and the id of what it belongs to.

    ``key`` is the list's id, the user's id, or the nil UUID for what exists once: the logs ``all``
    (broadcasts to everyone) and ``control`` (ended sessions, never sent to clients), and ``lists``,
    which is only a channel between replicas: which lists have grown.
    """

    kind: LogKind
    key: UUID

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
        if channel == "all":
            return cls.ALL
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
        return cls(LogKind[kind.upper()], uuid)

    @property
    def channel(self) -> str:
        """Spell the log's name as it stands on the wire."""
        if self.kind is LogKind.LIST:
            return f"list:{self.key}"
        if self.kind is LogKind.USER:
            return f"user:{self.key}"
        return self.kind.name.lower()


LogId.ALL = LogId(LogKind.ALL, _NOBODY)
LogId.CONTROL = LogId(LogKind.CONTROL, _NOBODY)
LogId.LISTS = LogId(LogKind.LISTS, _NOBODY)
