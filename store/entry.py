"""Hold one entry of a log, and what a read of a log brings back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from store.log_id import LogId
    from store.todo.model import Role

__all__ = ["Entry", "LogRead", "Position"]


@dataclass(frozen=True, slots=True)
class Position:
    """Point into a log: after the entry numbered ``offset`` (0: before the first) of ``epoch``.

    An offset alone could match a log that was restored from an older backup, so the two travel
    together. ``epoch`` is opaque text without ``"-"``.
    """

    epoch: str
    offset: int

    @property
    def etag(self) -> str:
        """Spell the position as a strong entity tag (RFC 9110 section 8.8.3)."""
        return f'"{self.epoch}-{self.offset}"'


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one committed entry.

    ``data`` is the UTF-8 JSON object ``{type, op, actor, at, ...}`` exactly as stored, and exactly
    as sent (the offset stands beside it on the wire). ``type`` repeats its ``type`` member;
    ``subject`` is the user a ``member.*`` entry is about, else None. ``trace`` is the trace id of
    the request that wrote it, None when there was none; it never goes on the wire.
    """

    log: LogId
    offset: int
    type: str
    subject: UUID | None
    data: bytes
    trace: str | None = None

    @property
    def with_offset(self) -> bytes:
        """Give the entry as ``GET .../changes`` shows it: the object with ``offset`` inside."""
        return b'%b,"offset":%d}' % (self.data[:-1], self.offset)


@dataclass(frozen=True, slots=True)
class LogRead:
    """Hold what one consistent read of a log saw.

    All fields belong to one database snapshot. ``role`` is the reader's role in the list at
    ``head`` (None: not a member, and then ``entries`` is empty); for a user's own log and for
    ``all`` it is ``Role.VIEWER``. ``entries`` are the first ones after the position asked for,
    gapless and in order; ``head`` is the last committed offset, ``floor`` the offset below which
    history is pruned (0: nothing pruned): a position ``since >= floor`` can be resumed.
    """

    role: Role | None
    epoch: str
    head: int
    floor: int
    entries: tuple[Entry, ...]
