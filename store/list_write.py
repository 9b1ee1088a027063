"""Write into the rows what the entries of a list say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, delete, insert, select, update

from store.tables import lists, members, todos
from store.todo.model import Todo
from store.todo.state import fold_todo, person_from
from store.todo_rows import todo_values

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.append import Draft
    from store.entry import Entry

__all__ = ["write_departures", "write_rows"]


async def write_rows(
    connection: AsyncConnection,
    list_id: UUID,
    numbered: Sequence[tuple[int, Draft]],
    known: Mapping[UUID, Todo],
    *,
    inbox: bool = False,
) -> dict[UUID, Todo]:
    """Write what the entries say into the rows, except departures, and return the todos touched.

    Todos go through the same fold that clients and the properties use. Departures (a member
    removed, a list deleted) come last in the transaction, by write_departures: until then
    row-level security must still let the actor see the list.
    """
    touched = dict(known)
    for offset, draft in numbered:
        data = draft.data
        kind = data["type"]
        if kind.startswith("todo."):
            todo_id = UUID(data["todo_id"] if "todo_id" in data else data["todo"]["id"])
            before = touched.get(todo_id)
            todo = fold_todo(before, data, offset)
            if todo is None:
                await connection.execute(delete(todos).where(todos.c.id == todo_id))
                touched.pop(todo_id, None)
                continue
            touched[todo_id] = todo
            await _write_todo(connection, todo, new=before is None)
        elif kind == "list.created":
            await _write_list(connection, data, inbox=inbox)
        elif kind == "list.updated":
            await connection.execute(
                update(lists).where(lists.c.id == list_id).values(**data["changes"])
            )
        elif kind in {"member.added", "member.role_changed"}:
            await _write_member(connection, list_id, data, offset)
    return touched


async def _write_todo(connection: AsyncConnection, todo: Todo, *, new: bool) -> None:
    values = todo_values(todo)
    if new:
        await connection.execute(
            insert(todos).values(
                id=todo.id,
                list_id=todo.list_id,
                created_by=todo.created_by.id,
                created_by_name=todo.created_by.username,
                created_at=todo.created_at,
                **values,
            )
        )
        return
    same = and_(todos.c.id == todo.id, todos.c.list_id == todo.list_id)
    await connection.execute(update(todos).where(same).values(**values))


async def _write_list(connection: AsyncConnection, data: Mapping[str, Any], *, inbox: bool) -> None:
    made = data["list"]
    await connection.execute(
        insert(lists).values(
            id=UUID(made["id"]),
            title=made["title"],
            description=made["description"],
            inbox=inbox,
            created_by=UUID(data["actor"]["id"]),
            created_at=datetime.fromisoformat(data["at"]),
        )
    )


async def _write_member(
    connection: AsyncConnection, list_id: UUID, data: Mapping[str, Any], offset: int
) -> None:
    person = person_from(data["user"])
    if data["type"] == "member.role_changed":
        same = and_(members.c.list_id == list_id, members.c.user_id == person.id)
        await connection.execute(update(members).where(same).values(role=data["role"]))
        return
    await connection.execute(
        insert(members).values(
            list_id=list_id,
            user_id=person.id,
            username=person.username,
            role=data["role"],
            joined_offset=offset,
        )
    )


async def write_departures(
    connection: AsyncConnection, list_id: UUID, made: Sequence[Entry], at: datetime
) -> None:
    """Take removed members, or a whole deleted list, out of the rows."""
    for entry in made:
        if entry.type == "list.deleted":
            await connection.execute(
                update(lists).where(lists.c.id == list_id).values(deleted_at=at)
            )
            await connection.execute(delete(members).where(members.c.list_id == list_id))
        elif entry.type == "member.removed" and entry.subject is not None:
            await _unassign(connection, list_id, entry.subject)
            same = and_(members.c.list_id == list_id, members.c.user_id == entry.subject)
            await connection.execute(delete(members).where(same))


async def _unassign(connection: AsyncConnection, list_id: UUID, user_id: UUID) -> None:
    """Take a leaving member off every todo; that is part of the removal, so no offset moves."""
    name = await connection.scalar(
        select(members.c.username).where(members.c.list_id == list_id, members.c.user_id == user_id)
    )
    query = select(todos.c.id, todos.c.assignees).where(todos.c.list_id == list_id)
    for row in (await connection.execute(query)).all():
        if name in row.assignees:
            kept = [other for other in row.assignees if other != name]
            await connection.execute(
                update(todos).where(todos.c.id == row.id).values(assignees=kept)
            )
