"""Empty the trash of what has lain there long enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from store.append import Draft, append, lock_head
from store.entry import Entry
from store.log_id import LogId
from store.tables import todos
from store.todo.decision import Context
from store.todo.model import Person, Todo, instant
from store.todo.state import fold_todo
from store.todo_rows import todo_from_row, todo_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["SERVICE", "find_due_list", "purge_list"]

# What the service does on nobody's behalf is signed by nobody's id.
SERVICE = Person(UUID(int=0), "lockstep")
# Todos of one transaction: few enough that writers of that list hardly wait.
_BATCH = 100
# What an unblocking changes of a row; the worker may write these columns and no other.
_LET_GO = ("blocked_by", "updated_at", "log_offset")


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
    """Purge the todos of one list that were deleted before that moment, at most a hundred.

    First, todos that wait for them are let go, each by an entry: what is gone is named by nobody,
    so whoever makes a todo of the same id later gets no dependency that nobody has checked. Are
    there a hundred or more such todos, this is all that is done now; call it again.
    """
    log = LogId.list(list_id)
    head = await lock_head(connection, log)
    if head is None:
        return ()
    query = select(todos.c.id).where(todos.c.list_id == list_id, todos.c.deleted_at < before)
    query = query.order_by(todos.c.deleted_at, todos.c.id).limit(_BATCH)
    due = list(await connection.scalars(query))
    waiting = await _waiting(connection, list_id, due)
    drafts: list[Draft] = []

    def signed() -> Context:
        op = new_id()
        return Context(SERVICE, op, str(instant(now)), op)

    gone = frozenset(due)
    let_go: list[Todo] = []
    for todo in waiting:
        after: Todo | None = todo
        for other in todo.blocked_by:
            if other in gone:
                data = signed().entry("todo.unblocked", todo_id=str(todo.id), by=str(other))
                drafts.append(Draft(log, data))
                after = fold_todo(after, data, head + len(drafts))
        if after is not None:
            let_go.append(after)
    await _write(connection, list_id, let_go)
    if len(waiting) < _BATCH:
        drafts += (Draft(log, signed().entry("todo.purged", todo_id=str(one))) for one in due)
        same = and_(todos.c.list_id == list_id, todos.c.id.in_(due))
        await connection.execute(delete(todos).where(same))
    return await append(connection, head, drafts)


async def _waiting(connection: AsyncConnection, list_id: UUID, due: Sequence[UUID]) -> list[Todo]:
    """Read todos that wait for one of those, of the trash too, at most a hundred.

    Those that are themselves among them go together with what they wait for.
    """
    query = select(todos).where(
        todos.c.list_id == list_id,
        todos.c.id.not_in(due),
        _names_one(due, postgresql=connection.dialect.name == "postgresql"),
    )
    rows = await connection.execute(query.order_by(todos.c.position).limit(_BATCH))
    return [todo_from_row(row) for row in rows]


def _names_one(due: Sequence[UUID], *, postgresql: bool) -> ColumnElement[bool]:
    ids = [str(todo_id) for todo_id in due]
    if postgresql:
        return todos.c.blocked_by.bool_op("?|")(literal(ids, ARRAY(Text)))
    named = func.json_each(todos.c.blocked_by).table_valued("value")
    return exists(select(1).select_from(named).where(named.c.value.in_(ids)))


async def _write(connection: AsyncConnection, list_id: UUID, let_go: Sequence[Todo]) -> None:
    if not let_go:
        return
    statement = update(todos).where(
        todos.c.id == bindparam("waiting"), todos.c.list_id == bindparam("home")
    )
    await connection.execute(
        statement.values({name: bindparam(name) for name in _LET_GO}),
        [
            {"waiting": todo.id, "home": list_id}
            | {name: value for name, value in todo_values(todo).items() if name in _LET_GO}
            for todo in let_go
        ],
    )
