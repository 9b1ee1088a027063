"""Read what the graph is made of: the lists' logs, their heads, and whole lists."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from store.database import Pool
from store.graph.model import ListGraph
from store.graph.whole import whole_list
from store.log_id import LogId, LogKind
from store.tables import lists, logs, members, todos
from store.todo.model import ListInfo, Member, Person, Role
from store.todo_rows import todo_from_row

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.entry import LogRead
    from store.store import Store

__all__ = ["GraphSource"]


class GraphSource:
    """Read for the projection, in nobody's name: entries as a replica does, rows as a worker.

    Every method raises Unavailable when the database does not answer in time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def epoch(self) -> str:
        """Name the database's epoch."""
        return self._store.epoch

    async def read(self, list_id: UUID, since: int, limit: int, max_bytes: int) -> LogRead:
        """Read entries of a list's log; reads of one turn of the loop are one statement."""
        log = LogId.list(list_id)
        return await self._store.read_log(log, None, since, limit=limit, max_bytes=max_bytes)

    async def heads(self, after: UUID | None, limit: int) -> list[tuple[UUID, int]]:
        """Read the heads of lists in order of their ids, those behind ``after``; None: the first.

        Fewer than ``limit``: there are no more.
        """

        async def work(connection: AsyncConnection) -> list[tuple[UUID, int]]:
            query = select(logs.c.log_id, logs.c.head).where(logs.c.kind == LogKind.LIST)
            if after is not None:
                query = query.where(logs.c.log_id > after)
            rows = await connection.execute(query.order_by(logs.c.log_id).limit(limit))
            return [(row.log_id, row.head) for row in rows]

        return await self._store.database.transact(Pool.FANOUT, None, work, read_only=True)

    async def lists_of(self, user_id: UUID) -> list[tuple[UUID, int]]:
        """Read the lists that a user is a member of now, with their heads."""

        async def work(connection: AsyncConnection) -> list[tuple[UUID, int]]:
            query = select(logs.c.log_id, logs.c.head).join(
                members, members.c.list_id == logs.c.log_id
            )
            query = query.where(logs.c.kind == LogKind.LIST, members.c.user_id == user_id)
            return [(row.log_id, row.head) for row in await connection.execute(query)]

        return await self._store.database.transact(Pool.FANOUT, None, work, read_only=True)

    async def whole(self, list_id: UUID) -> ListGraph | None:
        """Read a list with its trash in one moment; None: there never was one."""

        async def work(connection: AsyncConnection) -> ListGraph | None:
            return await _read_whole(connection, list_id)

        return await self._store.database.transact(Pool.WORKER, None, work, read_only=True)


async def _read_whole(connection: AsyncConnection, list_id: UUID) -> ListGraph | None:
    head: int | None = await connection.scalar(
        select(logs.c.head).where(logs.c.kind == LogKind.LIST, logs.c.log_id == list_id)
    )
    row = (await connection.execute(select(lists).where(lists.c.id == list_id))).one_or_none()
    if head is None or row is None:
        return None
    if row.deleted_at is not None:
        return ListGraph(list_id, head, deleted=True)
    people = await connection.execute(select(members).where(members.c.list_id == list_id))
    held = await connection.execute(select(todos).where(todos.c.list_id == list_id))
    return whole_list(
        ListInfo(row.id, row.title, row.description, row.inbox),
        [Member(Person(one.user_id, one.username), Role(one.role)) for one in people],
        [todo_from_row(one) for one in held],
        head,
    )
