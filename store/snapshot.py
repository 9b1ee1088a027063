"""Read a list as a whole, in one consistent view with its position."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from store.entry import Position
from store.errors import NotFound
from store.list_load import load_place
from store.log_id import LogKind
from store.ready import is_ready
from store.tables import lists, logs, members, todos
from store.todo.decide_list import list_json
from store.todo.model import ListInfo, Member, Person, Role, Todo, member_json, todo_json
from store.todo_rows import todo_from_row

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["ListOverview", "Snapshot", "read_frame", "read_lists", "read_snapshot", "read_todo"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Hold a list at ``position``; ``todos`` in their order: the live ones, or the trash."""

    info: ListInfo
    members: tuple[Member, ...]
    todos: tuple[Todo, ...]
    position: Position

    def as_json(self) -> dict[str, Any]:
        """Build the object that ``GET /lists/{id}`` answers."""
        return {
            "list": list_json(self.info),
            "members": [member_json(member) for member in self.members],
            "todos": [todo_json(todo) for todo in self.todos],
            "epoch": self.position.epoch,
            "offset": self.position.offset,
        }


@dataclass(frozen=True, slots=True)
class ListOverview:
    """Hold one line of "my lists".

    ``open`` counts the live todos that are not completed, ``ready`` those of them that wait for no
    open one.
    """

    info: ListInfo
    role: Role
    offset: int
    open: int
    ready: int


async def read_snapshot(
    connection: AsyncConnection, list_id: UUID, actor: UUID, epoch: str, *, trash: bool = False
) -> Snapshot:
    """Read a list for one of its members. Raises NotFound for anyone else."""
    frame = await read_frame(connection, list_id, actor, epoch)
    kept = todos.c.deleted_at.is_not(None) if trash else todos.c.deleted_at.is_(None)
    query = select(todos).where(todos.c.list_id == list_id, kept)
    query = query.order_by(todos.c.position, todos.c.id)
    rows = await connection.execute(query)
    return replace(frame, todos=tuple(todo_from_row(row) for row in rows))


async def read_frame(
    connection: AsyncConnection, list_id: UUID, actor: UUID, epoch: str
) -> Snapshot:
    """Read all of a snapshot but its todos. Raises NotFound for anyone but a member."""
    place = await load_place(connection, list_id, actor)
    if place is None:
        raise NotFound("There is no such list, or you are not a member of it.")
    head = await connection.scalar(
        select(logs.c.head).where(logs.c.kind == LogKind.LIST, logs.c.log_id == list_id)
    )
    held = select(members).where(members.c.list_id == list_id).order_by(members.c.joined_offset)
    return Snapshot(
        info=place[0],
        members=tuple(
            Member(Person(row.user_id, row.username), Role(row.role))
            for row in await connection.execute(held)
        ),
        todos=(),
        position=Position(epoch, head or 0),
    )


async def read_todo(
    connection: AsyncConnection, todo_id: UUID, actor: UUID, epoch: str
) -> tuple[Todo, Position]:
    """Read one todo, of the trash too, with its list's position. Raises NotFound."""
    row = (await connection.execute(select(todos).where(todos.c.id == todo_id))).one_or_none()
    place = None if row is None else await load_place(connection, row.list_id, actor)
    if row is None or place is None:
        raise NotFound("There is no such todo, or it is in a list that you are not a member of.")
    head = await connection.scalar(
        select(logs.c.head).where(logs.c.kind == LogKind.LIST, logs.c.log_id == row.list_id)
    )
    return todo_from_row(row), Position(epoch, head or 0)


async def read_lists(connection: AsyncConnection, actor: UUID) -> tuple[ListOverview, ...]:
    """Read the lists that the actor is a member of: the Inbox first, then in order of joining."""
    ready = is_ready(postgresql=connection.dialect.name == "postgresql")
    still_open = (
        select(
            todos.c.list_id,
            func.count().label("open"),
            func.count().filter(ready).label("ready"),
        )
        .where(todos.c.deleted_at.is_(None), todos.c.completed.is_(False))
        .where(todos.c.list_id.in_(select(members.c.list_id).where(members.c.user_id == actor)))
        .group_by(todos.c.list_id)
        .subquery()
    )
    query = (
        select(
            lists.c.id,
            lists.c.title,
            lists.c.description,
            lists.c.inbox,
            members.c.role,
            logs.c.head,
            func.coalesce(still_open.c.open, 0).label("open"),
            func.coalesce(still_open.c.ready, 0).label("ready"),
        )
        .join(members, members.c.list_id == lists.c.id)
        .join(logs, (logs.c.kind == LogKind.LIST) & (logs.c.log_id == lists.c.id))
        .outerjoin(still_open, still_open.c.list_id == lists.c.id)
        .where(members.c.user_id == actor, lists.c.deleted_at.is_(None))
        .order_by(lists.c.inbox.desc(), lists.c.created_at, lists.c.id)
    )
    return tuple(
        ListOverview(
            ListInfo(row.id, row.title, row.description, row.inbox),
            Role(row.role),
            row.head,
            row.open,
            row.ready,
        )
        for row in await connection.execute(query)
    )
