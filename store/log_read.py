"""Read logs: entries after a position, pages backward, and heads of many at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, tuple_

from store.entry import Entry, LogRead
from store.log_id import LogId, LogKind
from store.tables import entries, epochs, logs, members
from store.todo.model import Role

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["read_epoch", "read_heads", "read_log"]


async def read_epoch(connection: AsyncConnection) -> str:
    """Read the epoch of this database."""
    return str(await connection.scalar(select(epochs.c.epoch)))


async def read_heads(connection: AsyncConnection, ids: Collection[LogId]) -> dict[LogId, int]:
    """Read the last offsets of many logs in one query; logs that do not exist are left out."""
    wanted = [(int(log.kind), log.key) for log in ids]
    query = select(logs.c.kind, logs.c.log_id, logs.c.head).where(
        tuple_(logs.c.kind, logs.c.log_id).in_(wanted)
    )
    return {
        LogId(LogKind(row.kind), row.log_id): row.head for row in await connection.execute(query)
    }


async def read_log(
    connection: AsyncConnection,
    log: LogId,
    reader: UUID | None,
    since: int | None,
    *,
    limit: int,
    max_bytes: int,
    backward: bool = False,
) -> LogRead:
    """Read entries after ``since`` (before it, newest first, when ``backward``).

    All within the caller's snapshot. ``since`` None: position only, or from the newest when
    ``backward``. At most ``limit`` entries and ``max_bytes`` of data, but at least one entry if
    there is any. ``reader`` None: a replica that reads for all its sockets.
    """
    epoch = await read_epoch(connection)
    this = (logs.c.kind == log.kind) & (logs.c.log_id == log.key)
    row = (await connection.execute(select(logs.c.head, logs.c.floor).where(this))).one_or_none()
    role = await _role_of(connection, log, reader)
    if row is None:
        return LogRead(None, epoch, 0, 0, ())
    if (reader is not None and role is None) or (since is None and not backward):
        return LogRead(role, epoch, row.head, row.floor, ())
    query = select(entries).where(entries.c.kind == log.kind, entries.c.log_id == log.key)
    if backward:
        query = query.order_by(entries.c.log_offset.desc())
        if since is not None:
            query = query.where(entries.c.log_offset < since)
    else:
        query = query.where(entries.c.log_offset > since).order_by(entries.c.log_offset)
    rows = (await connection.execute(query.limit(limit))).all()
    return LogRead(role, epoch, row.head, row.floor, _bounded(log, rows, max_bytes))


async def _role_of(connection: AsyncConnection, log: LogId, reader: UUID | None) -> Role | None:
    if reader is None or log.kind is LogKind.CONTROL:
        return None
    if log.kind is LogKind.ALL:
        return Role.VIEWER
    if log.kind is LogKind.USER:
        return Role.VIEWER if log.key == reader else None
    # A deleted list has no members any more, so this row alone decides.
    query = select(members.c.role).where(members.c.list_id == log.key, members.c.user_id == reader)
    role = await connection.scalar(query)
    return None if role is None else Role(role)


def _bounded(log: LogId, rows: Sequence[Row[Any]], max_bytes: int) -> tuple[Entry, ...]:
    made: list[Entry] = []
    size = 0
    for row in rows:
        size += len(row.data)
        if made and size > max_bytes:
            break
        made.append(Entry(log, row.log_offset, row.type, row.subject, row.data, row.trace))
    return tuple(made)
