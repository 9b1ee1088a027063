"""Ask the database what of an answer the asker may see now; the graph may be behind."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import func, select

from store.database import Pool
from store.errors import NotFound
from store.graph.answers import Dependency
from store.list_load import load_place
from store.log_id import LogKind
from store.tables import lists, logs, members, todos
from store.todo.model import Role
from store.todo_rows import todo_from_row

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.database import Database
    from store.todo.model import Todo

__all__ = ["Permitted"]

# Todos that one query brings: some 10 ms, after which the loop gets a turn. The whole of a list at
# once, ten thousand, would hold it for a third of a second.
_AT_ONCE: Final = 500


class Permitted:
    """Read in the asker's name, under row-level security, each call in one transaction.

    ``asker`` is a user id. Raises Unavailable, and NotFound where it is said.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_of(self, asker: UUID, todo_id: UUID) -> UUID:
        """Give the list of a live todo. Raises NotFound."""

        async def work(connection: AsyncConnection) -> UUID | None:
            query = _mine(asker).where(todos.c.id == todo_id, todos.c.deleted_at.is_(None))
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else row.list_id

        found = await self._database.transact(Pool.APP, asker, work, read_only=True)
        if found is None:
            raise NotFound("There is no such todo, or it is in a list that is not yours.")
        return found

    async def enter(self, asker: UUID, list_id: UUID) -> Role:
        """Give the asker's role in a list. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Role | None:
            place = await load_place(connection, list_id, asker)
            return None if place is None else place[1]

        role = await self._database.transact(Pool.APP, asker, work, read_only=True)
        if role is None:
            raise NotFound("There is no such list, or you are not a member of it.")
        return role

    async def open(self, asker: UUID, ids: Collection[UUID]) -> Mapping[UUID, Todo]:
        """Give those of the todos that are live, not completed, and in the asker's lists."""

        async def work(connection: AsyncConnection) -> Mapping[UUID, Todo]:
            return await _open(connection, asker, ids)

        return await self._database.transact(Pool.APP, asker, work, read_only=True)

    async def refreshed(
        self, asker: UUID, list_id: UUID, known: Sequence[Dependency]
    ) -> tuple[Dependency, ...]:
        """Give those that are live in the list, as they are now, tied to each other as known."""

        async def work(connection: AsyncConnection) -> dict[UUID, tuple[str, bool, int | None]]:
            query = _mine(asker).with_only_columns(
                todos.c.id, todos.c.title, todos.c.completed, todos.c.estimate_min
            )
            query = query.where(todos.c.list_id == list_id, todos.c.deleted_at.is_(None))
            live: dict[UUID, tuple[str, bool, int | None]] = {}
            for start in range(0, len(known), _AT_ONCE):
                some = [one.todo_id for one in known[start : start + _AT_ONCE]]
                for row in await connection.execute(query.where(todos.c.id.in_(some))):
                    live[row.id] = (row.title, row.completed, row.estimate_min)
            return live

        live = await self._database.transact(Pool.APP, asker, work, read_only=True)
        refreshed: list[Dependency] = []
        for start in range(0, len(known), _AT_ONCE):
            refreshed += (
                Dependency(
                    one.todo_id,
                    *live[one.todo_id],
                    waits_for=tuple(other for other in one.waits_for if other in live),
                )
                for one in known[start : start + _AT_ONCE]
                if one.todo_id in live
            )
            await asyncio.sleep(0)
        return tuple(refreshed)

    async def ready(
        self, asker: UUID, ids: Collection[UUID]
    ) -> tuple[Mapping[UUID, Todo], Mapping[UUID, int]]:
        """Give those of the todos that the asker could complete now: they wait for no open one.

        And the heads of all lists that the asker is a member of, as of the same moment.
        """

        async def work(
            connection: AsyncConnection,
        ) -> tuple[Mapping[UUID, Todo], Mapping[UUID, int]]:
            found = await _open(connection, asker, ids, writable=True)
            blockers = {other for todo in found.values() for other in todo.blocked_by}
            waited_for = await _open(connection, asker, blockers) if blockers else {}
            query = select(members.c.list_id, logs.c.head).join(
                lists, lists.c.id == members.c.list_id
            )
            query = query.join(
                logs, (logs.c.kind == LogKind.LIST) & (logs.c.log_id == members.c.list_id)
            )
            query = query.where(members.c.user_id == asker, lists.c.deleted_at.is_(None))
            mine = {row.list_id: row.head for row in await connection.execute(query)}
            return {
                todo_id: todo
                for todo_id, todo in found.items()
                if not any(other in waited_for for other in todo.blocked_by)
            }, mine

        return await self._database.transact(Pool.APP, asker, work, read_only=True)

    async def people(self, asker: UUID, list_id: UUID) -> tuple[Mapping[str, Role], frozenset[str]]:
        """Give the members of a list with their roles, and all who share any list with the asker.

        Raises NotFound.
        """

        async def work(
            connection: AsyncConnection,
        ) -> tuple[Mapping[str, Role], frozenset[str]] | None:
            if await load_place(connection, list_id, asker) is None:
                return None
            mine = select(members.c.list_id).where(members.c.user_id == asker)
            query = select(members).join(lists, lists.c.id == members.c.list_id)
            query = query.where(members.c.list_id.in_(mine), lists.c.deleted_at.is_(None))
            rows = (await connection.execute(query)).all()
            here = {row.username: Role(row.role) for row in rows if row.list_id == list_id}
            return here, frozenset(row.username for row in rows)

        found = await self._database.transact(Pool.APP, asker, work, read_only=True)
        if found is None:
            raise NotFound("There is no such list, or you are not a member of it.")
        return found

    async def labels(self, asker: UUID, labels: Collection[str]) -> frozenset[str]:
        """Give those of the labels that a live todo in the asker's lists carries."""
        if not labels:
            return frozenset()

        async def work(connection: AsyncConnection) -> frozenset[str]:
            each = (
                func.jsonb_array_elements_text(todos.c.labels)
                if connection.dialect.name == "postgresql"
                else func.json_each(todos.c.labels)
            ).table_valued("value")
            query = _mine(asker).where(todos.c.deleted_at.is_(None)).join(each, each.c.value != "")
            query = query.with_only_columns(each.c.value).where(each.c.value.in_(labels)).distinct()
            return frozenset(await connection.scalars(query))

        return await self._database.transact(Pool.APP, asker, work, read_only=True)


def _mine(asker: UUID) -> Select[Any]:
    return (
        select(todos)
        .join(members, members.c.list_id == todos.c.list_id)
        .join(lists, lists.c.id == todos.c.list_id)
        .where(members.c.user_id == asker, lists.c.deleted_at.is_(None))
    )


async def _open(
    connection: AsyncConnection, asker: UUID, ids: Collection[UUID], *, writable: bool = False
) -> dict[UUID, Todo]:
    query = _mine(asker).where(todos.c.deleted_at.is_(None), todos.c.completed.is_(False))
    if writable:
        query = query.where(members.c.role != Role.VIEWER.value)
    found: dict[UUID, Todo] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = await connection.execute(query.where(todos.c.id.in_(some)))
        found.update((row.id, todo_from_row(row)) for row in rows)
    return found
