"""Append entries to a log: the one place where offsets are given out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from store.entry import Entry
from store.tables import entries, logs

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.log_id import LogId

__all__ = ["Draft", "append", "create_log", "lock_head"]


@dataclass(frozen=True, slots=True)
class Draft:
    """Hold an entry without an offset yet; ``data`` is its whole JSON object, type included."""

    log: LogId
    data: dict[str, Any]
    subject: UUID | None = None
    trace: str | None = None


async def lock_head(connection: AsyncConnection, log: LogId) -> int | None:
    """Lock the log's head row until the transaction ends, and return the last offset given out.

    This row lock is what makes offsets gapless and their order the order of commits. None: there
    is no such log, or row-level security hides it.
    """
    query = select(logs.c.head).where(logs.c.kind == log.kind, logs.c.log_id == log.key)
    # SQLite ignores the lock: its transaction began IMMEDIATE and is the only writer anyway.
    head: int | None = await connection.scalar(query.with_for_update())
    return head


async def create_log(connection: AsyncConnection, log: LogId) -> bool:
    """Make the head row of a new, empty log; False when there is one already."""
    dialect = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    result = await connection.execute(
        dialect(logs).values(kind=log.kind, log_id=log.key, head=0).on_conflict_do_nothing()
    )
    return result.rowcount == 1


async def append(
    connection: AsyncConnection, head: int, drafts: Sequence[Draft]
) -> tuple[Entry, ...]:
    """Number the drafts (all of one log) from ``head`` + 1 on and write them with the new head.

    ``head`` must come from lock_head in this same transaction. Nothing is visible to others until
    it commits.
    """
    if not drafts:
        return ()
    log = drafts[0].log
    made = tuple(
        Entry(
            log,
            head + number,
            draft.data["type"],
            draft.subject,
            orjson.dumps(draft.data),
            draft.trace,
        )
        for number, draft in enumerate(drafts, 1)
    )
    await connection.execute(
        update(logs)
        .where(logs.c.kind == log.kind, logs.c.log_id == log.key)
        .values(head=made[-1].offset)
    )
    await connection.execute(
        insert(entries),
        [
            {
                "kind": log.kind,
                "log_id": log.key,
                "log_offset": entry.offset,
                "type": entry.type,
                "subject": entry.subject,
                "trace": entry.trace,
                "data": entry.data,
            }
            for entry in made
        ],
    )
    return made
