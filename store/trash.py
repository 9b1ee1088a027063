"""Empty the trash of what has lain there long enough."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, select

from store.append import Draft, append, lock_head
from store.entry import Entry
from store.log_id import LogId
from store.tables import todos
from store.todo.decision import Context
from store.todo.model import Person, instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["SERVICE", "find_due_list", "purge_list"]

# What the service does on nobody's behalf is signed by nobody's id.
SERVICE = Person(UUID(int=0), "lockstep")
# Entries of one transaction: few enough that writers of that list hardly wait.
_BATCH = 100


async def find_due_list(connection: AsyncConnection, before: datetime) -> UUID | None:
    """Find a list with todos deleted before that moment; None when no list has any."""
    query = select(todos.c.list_id).where(todos.c.deleted_at < before).limit(1)
    found: UUID | None = await connection.scalar(query)
    return found


async def purge_list(
    connection: AsyncConnection,
    list_id: UUID,
    before: datetime,
    now: datetime,
    new_id: Callable[[], UUID],
) -> tuple[Entry, ...]:
    """Purge the todos of one list that were deleted before that moment, at most a hundred."""
    log = LogId.list(list_id)
    head = await lock_head(connection, log)
    if head is None:
        return ()
    query = select(todos.c.id).where(todos.c.list_id == list_id, todos.c.deleted_at < before)
    due = list(await connection.scalars(query.order_by(todos.c.deleted_at).limit(_BATCH)))
    drafts = [_draft(log, todo_id, now, new_id()) for todo_id in due]
    await connection.execute(delete(todos).where(todos.c.list_id == list_id, todos.c.id.in_(due)))
    return await append(connection, head, drafts)


def _draft(log: LogId, todo_id: UUID, now: datetime, op: UUID) -> Draft:
    context = Context(SERVICE, op, str(instant(now)), op)
    data: dict[str, Any] = context.entry("todo.purged", todo_id=str(todo_id))
    return Draft(log, data)
