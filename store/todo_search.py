"""Search the todos of all of one's lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, collate, exists, func, not_, or_, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from store.errors import NotFound
from store.list_load import find_person, load_place
from store.ready import is_ready
from store.tables import lists, members, todos
from store.todo_rows import todo_from_row

if TYPE_CHECKING:
    from sqlalchemy import Column
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.todo.model import Todo

__all__ = ["TodoSearch", "search_todos"]


@dataclass(frozen=True, slots=True)
class TodoSearch:
    """Say which live todos are wanted; None means any.

    ``assignee`` is a username, in any spelling that is the same name. ``text`` is looked for in
    titles and notes, case ignored, wildcards meaning themselves. ``ready``: see store.ready.
    ``after`` continues behind the todo created then with that id: the order is by (created_at, id),
    which no later change disturbs.
    """

    list_id: UUID | None = None
    completed: bool | None = None
    assignee: str | None = None
    label: str | None = None
    due_before: datetime | None = None
    text: str | None = None
    ready: bool | None = None
    limit: int = 100
    after: tuple[datetime, UUID] | None = None


async def search_todos(
    connection: AsyncConnection, actor: UUID, search: TodoSearch
) -> tuple[Todo, ...]:
    """Find at most ``limit`` todos in lists that the actor is a member of.

    Raises NotFound for a list that is named and that the actor is no member of.
    """
    postgresql = connection.dialect.name == "postgresql"
    query = (
        select(todos)
        .join(members, members.c.list_id == todos.c.list_id)
        .join(lists, lists.c.id == todos.c.list_id)
        .where(
            members.c.user_id == actor, lists.c.deleted_at.is_(None), todos.c.deleted_at.is_(None)
        )
        .order_by(todos.c.created_at, todos.c.id)
        .limit(search.limit)
    )
    if search.list_id is not None:
        query = query.where(todos.c.list_id == search.list_id)
    if search.completed is not None:
        query = query.where(todos.c.completed.is_(search.completed))
    if search.assignee is not None:
        # Todos hold names as their people spell them; disabled people are found by that alone.
        person = await find_person(connection, search.assignee)
        name = search.assignee if person is None else person.username
        query = query.where(_holds(todos.c.assignees, name, postgresql=postgresql))
    if search.label is not None:
        query = query.where(_holds(todos.c.labels, search.label, postgresql=postgresql))
    if search.due_before is not None:
        query = query.where(todos.c.due_at < search.due_before)
    if search.ready is not None:
        ready = is_ready(postgresql=postgresql)
        query = query.where(ready if search.ready else not_(ready))
    if search.text is not None:
        text = search.text.lower()
        held = (_cased(column, postgresql=postgresql) for column in (todos.c.title, todos.c.notes))
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in held)))
    if search.after is not None:
        query = query.where(tuple_(todos.c.created_at, todos.c.id) > tuple_(*search.after))
    found = tuple(todo_from_row(row) for row in await connection.execute(query))
    named = search.list_id
    if found or named is None or await load_place(connection, named, actor) is not None:
        return found
    raise NotFound("There is no such list, or you are not a member of it.")


def _cased(column: Column[Any], *, postgresql: bool) -> ColumnElement[Any]:
    """Have a column's letters lowered as Unicode says, whatever locale the database was made in."""
    return collate(column, "und-x-icu") if postgresql else column


def _holds(column: Column[Any], value: str, *, postgresql: bool) -> ColumnElement[bool]:
    """Ask whether a JSON array of strings holds a value."""
    if postgresql:
        return type_coerce(column, JSONB).contains([value])
    held = func.json_each(column).table_valued("value")
    return exists(select(1).select_from(held).where(held.c.value == value))
