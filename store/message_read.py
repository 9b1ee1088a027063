"""Read the messages of a log, and how far its owner has read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import select

from store.entry import LogRead
from store.log_read import read_log
from store.tables import entries, logs

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.log_id import LogId

__all__ = ["MessagePage", "read_messages"]

# As the index ix_entries_messages says it.
_TYPES = ("message.posted", "message.received", "broadcast.posted")


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Hold messages of a log, oldest first, each with its offset as one JSON object.

    ``log`` says what the reader may see and where the log stands; it holds no entries. ``offset``
    is the position that the page leads to: the head unless ``complete`` is False, which says that
    there are more. ``read_up_to`` is the inbox's read mark, 0 for other logs.
    """

    log: LogRead
    messages: tuple[bytes, ...]
    offset: int
    complete: bool
    read_up_to: int


async def read_messages(
    connection: AsyncConnection, log: LogId, reader: UUID, since: int | None, *, limit: int
) -> MessagePage:
    """Read the first messages after ``since``, or the newest ones (None), at most ``limit``.

    All within the caller's snapshot. A reader without access gets no message.
    """
    found = await read_log(connection, log, reader, None, limit=1, max_bytes=1)
    if found.role is None:
        return MessagePage(found, (), 0, complete=True, read_up_to=0)
    this = (logs.c.kind == log.kind) & (logs.c.log_id == log.key)
    mark = await connection.scalar(select(logs.c.read_up_to).where(this)) or 0
    query = select(entries.c.log_offset, entries.c.data).where(
        entries.c.kind == log.kind, entries.c.log_id == log.key, entries.c.type.in_(_TYPES)
    )
    newest = entries.c.log_offset.desc()
    query = (
        query.order_by(newest)
        if since is None
        else query.where(entries.c.log_offset > since).order_by(entries.c.log_offset)
    )
    # One more than asked for tells whether there is more.
    rows = list(await connection.execute(query.limit(limit + 1)))
    complete = since is None or len(rows) <= limit
    rows = rows[:limit]
    if since is None:
        rows.reverse()
    return MessagePage(
        found,
        tuple(_message(row.data, row.log_offset) for row in rows),
        found.head if complete else rows[-1].log_offset,
        complete=complete,
        read_up_to=mark,
    )


def _message(data: bytes, offset: int) -> bytes:
    message = orjson.loads(data)["message"]
    return orjson.dumps({**message, "offset": offset})
