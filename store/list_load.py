"""Load from the rows what a decision needs to know of its list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, func, select, text

from store.crowd_load import load_crowd
from store.tables import lists, members, todos, users
from store.todo.dependency import shortest_way
from store.todo.model import ListInfo, Member, Person, Role, Todo
from store.todo.view import Needs, Place, View
from store.todo_rows import todo_from_row
from store.usernames import name_key

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["find_person", "load_place", "load_view"]

_FIND_USER = text("SELECT id, username FROM lockstep_find_user(:name_key)")

# Everything that a todo waits for, however far: pairs (id, other it waits for). UNION drops pairs
# seen before, so a tangle costs no more than its edges.
_EDGES_POSTGRESQL = text("""
WITH RECURSIVE edges (id, other) AS (
    SELECT todos.id, blocker FROM todos, jsonb_array_elements_text(blocked_by) blocker
    WHERE todos.id = :start AND list_id = :list
    UNION
    SELECT todos.id, blocker FROM edges JOIN todos ON todos.id = edges.other::uuid,
        jsonb_array_elements_text(blocked_by) blocker
    WHERE list_id = :list
) SELECT replace(id::text, '-', ''), replace(other, '-', '') FROM edges
""")
_EDGES_SQLITE = text("""
WITH RECURSIVE edges (id, other) AS (
    SELECT todos.id, blocker.value FROM todos, json_each(blocked_by) blocker
    WHERE todos.id = :start AND list_id = :list
    UNION
    SELECT todos.id, blocker.value
    FROM edges JOIN todos ON todos.id = replace(edges.other, '-', ''),
        json_each(blocked_by) blocker
    WHERE list_id = :list
) SELECT id, replace(other, '-', '') FROM edges
""")


async def load_view(
    connection: AsyncConnection, list_id: UUID, actor: UUID, head: int, needs: Needs
) -> View | None:
    """Load what ``needs`` names; None when the actor is no member of a list with this id.

    Call it with the head locked: then nothing it read changes before the transaction ends.
    """
    found = await load_place(connection, list_id, actor)
    if found is None:
        return None
    info, role = found
    loaded = await _todos(connection, list_id, needs.todos)
    people = {
        name: person
        for name in needs.usernames
        if (person := await _named(connection, list_id, name)) is not None
    }
    known = await _members(
        connection, list_id, None if needs.everyone else {person.id for person in people.values()}
    )
    live = owners = held = 0
    if needs.counts:
        live = await _count(connection, todos, todos.c.list_id == list_id, live=True)
        held = await _count(connection, members, members.c.list_id == list_id)
        owners = await _count(
            connection, members, and_(members.c.list_id == list_id, members.c.role == "owner")
        )
    gap: tuple[str | None, str | None] = (None, None)
    crowd = None
    if needs.place is not None:
        gap = await _gap(connection, list_id, needs.place, loaded)
        moving = loaded.get(needs.place.moving) if needs.place.moving else None
        crowded = await load_crowd(connection, list_id, gap, moving)
        if crowded is not None:
            around, crowd = crowded
            loaded |= around
    return View(
        head=head,
        info=info,
        role=role,
        todos=loaded,
        people=people,
        members=known,
        live_count=live,
        member_count=held,
        owner_count=owners,
        gap=gap,
        crowd=crowd,
        chain=() if needs.chain is None else await _chain(connection, list_id, *needs.chain),
        elsewhere=await _elsewhere(connection, actor, set(needs.todos) - set(loaded)),
        keeper=await _keeper(connection, list_id) if needs.keeper and info.inbox else None,
    )


async def load_place(
    connection: AsyncConnection, list_id: UUID, actor: UUID
) -> tuple[ListInfo, Role] | None:
    """Load a list's own fields and the actor's role in it; None: not a member, or no such list."""
    query = (
        select(lists.c.id, lists.c.title, lists.c.description, lists.c.inbox, members.c.role)
        .join(members, members.c.list_id == lists.c.id)
        .where(lists.c.id == list_id, members.c.user_id == actor, lists.c.deleted_at.is_(None))
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return ListInfo(row.id, row.title, row.description, row.inbox), Role(row.role)


async def _keeper(connection: AsyncConnection, inbox_id: UUID) -> UUID | None:
    """Find whose Inbox it is: it is made with the account, in that person's name."""
    query = select(lists.c.created_by).where(lists.c.id == inbox_id)
    keeper: UUID | None = await connection.scalar(query)
    return keeper


async def _named(connection: AsyncConnection, list_id: UUID, username: str) -> Person | None:
    """Find a member by name, though the account be disabled, or else an enabled account."""
    query = (
        select(users.c.id, users.c.username)
        .join(members, members.c.user_id == users.c.id)
        .where(users.c.name_key == name_key(username), members.c.list_id == list_id)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is not None:
        return Person(row.id, row.username)
    return await find_person(connection, username)


async def find_person(connection: AsyncConnection, username: str) -> Person | None:
    """Find an enabled account by its name, compared by the name's key; None: there is none."""
    key = name_key(username)
    if connection.dialect.name == "postgresql":
        row = (await connection.execute(_FIND_USER, {"name_key": key})).one_or_none()
    else:
        query = select(users.c.id, users.c.username)
        query = query.where(users.c.name_key == key, users.c.disabled_at.is_(None))
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else Person(row.id, row.username)


async def _count(
    connection: AsyncConnection, table: Any, condition: Any, *, live: bool = False
) -> int:
    query = select(func.count()).select_from(table).where(condition)
    if live:
        query = query.where(todos.c.deleted_at.is_(None))
    return int(await connection.scalar(query) or 0)


async def _todos(
    connection: AsyncConnection, list_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, Todo]:
    if not ids:
        return {}
    query = select(todos).where(todos.c.list_id == list_id, todos.c.id.in_(ids))
    return {row.id: todo_from_row(row) for row in await connection.execute(query)}


async def _members(
    connection: AsyncConnection, list_id: UUID, ids: set[UUID] | None
) -> dict[UUID, Member]:
    if ids is not None and not ids:
        return {}
    query = select(members).where(members.c.list_id == list_id)
    if ids is not None:
        query = query.where(members.c.user_id.in_(ids))
    return {
        row.user_id: Member(Person(row.user_id, row.username), Role(row.role))
        for row in await connection.execute(query)
    }


async def _gap(
    connection: AsyncConnection, list_id: UUID, place: Place, loaded: Mapping[UUID, Todo]
) -> tuple[str | None, str | None]:
    if place.last:
        query = select(func.max(todos.c.position)).where(todos.c.list_id == list_id)
        return await connection.scalar(query), None
    low = None
    query = select(func.min(todos.c.position)).where(todos.c.list_id == list_id)
    if place.moving is not None:
        query = query.where(todos.c.id != place.moving)
    if place.after is not None and place.after in loaded:
        low = loaded[place.after].position
        query = query.where(todos.c.position > low)
    return low, await connection.scalar(query)


async def _chain(
    connection: AsyncConnection, list_id: UUID, start: UUID, goal: UUID
) -> tuple[UUID, ...]:
    """Find a shortest way on which ``start`` waits for ``goal``, in one recursive query."""
    postgresql = connection.dialect.name == "postgresql"
    ids = (start, list_id) if postgresql else (start.hex, list_id.hex)
    rows = await connection.execute(
        _EDGES_POSTGRESQL if postgresql else _EDGES_SQLITE, {"start": ids[0], "list": ids[1]}
    )
    # Ids stay text: ten thousand of each would take 50 ms to become objects.
    waits_for: dict[str, list[str]] = {}
    for one, other in rows:
        waits_for.setdefault(one, []).append(other)
    return tuple(map(UUID, shortest_way(waits_for, start.hex, goal.hex)))


async def _elsewhere(
    connection: AsyncConnection, actor: UUID, missing: set[UUID]
) -> frozenset[UUID]:
    if not missing:
        return frozenset()
    query = (
        select(todos.c.id)
        .join(members, members.c.list_id == todos.c.list_id)
        .where(todos.c.id.in_(missing), members.c.user_id == actor)
    )
    return frozenset(await connection.scalars(query))
