"""Offer the store as a whole: commit a command, read logs and snapshots."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from uuid6 import uuid7

from store.commits import Commits
from store.database import Database, Pool
from store.engines import StoreSettings, open_database, open_standby
from store.log_id import LogId
from store.log_read import read_epoch, read_heads, read_log
from store.log_reader import LogQuery, LogReader
from store.request import Request
from store.roles import demand_bound_role
from store.snapshot import ListOverview, Snapshot, read_lists, read_todo
from store.snapshot_reader import SnapshotReader
from store.todo.commands import Command
from store.todo.decision import Context
from store.todo.model import Person, Todo, instant
from store.todo_search import TodoSearch, search_todos
from store.trash import find_due_list, purge_list

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.actor import Actor
    from store.committed import Committed
    from store.entry import Entry, LogRead, Position

__all__ = ["Store", "open_store"]


class Store:
    """Keep what is true.

    Every call is one transaction, bounded in time, and raises only store.errors. A cancelled
    caller neither loses nor doubles a command: the transaction runs to its end. Snapshots come from
    ``standby``, if there is one and it has reached what was committed before the question; logs,
    from which sockets resume, never do. ``now`` and ``new_id`` come from outside so that tests can
    say what they are.
    """

    def __init__(
        self,
        database: Database,
        epoch: str,
        *,
        standby: Database | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], UUID] = lambda: UUID(int=uuid7().int),
    ) -> None:
        self.database = database
        self.epoch = epoch
        self._standby = standby
        self.now = now
        self.new_id = new_id
        self._commits = Commits(database)
        self._log_reader = LogReader(database) if database.is_postgresql else None
        self._snapshots = SnapshotReader(database, standby, epoch, self.heads)

    async def commit(
        self,
        actor: Actor,
        command: Command,
        *,
        if_match: Collection[Position] | None = None,
        trace: str | None = None,
    ) -> Committed:
        """Carry out one command: rows, entries and operation id in one transaction.

        ``if_match`` makes it conditional: the todo's (or list's) last change must be at one of
        these positions. Raises the refusals of store.errors; nothing is written then.
        """
        request = self._request(actor, command, if_match=if_match, trace=trace)
        return await self._commits.commit(command, request)

    def _request(
        self,
        actor: Actor,
        command: Command,
        *,
        if_match: Collection[Position] | None = None,
        trace: str | None = None,
    ) -> Request:
        person = Person(actor.id, actor.username)
        at = str(instant(self.now()))
        context = Context(person, command.op or self.new_id(), at, self.new_id())
        return Request(context, self.epoch, if_match, trace)

    def learn(self, entry: Entry) -> None:
        """Take in an entry that another replica committed; never waits, and nothing rests on it."""
        self._commits.learn(entry)

    async def commit_all(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out commands of one list in one transaction: all of them or none.

        The first may make the list. Raises CommandRefusedError, which names the first one refused;
        nothing is written then.
        """
        requests = [self._request(actor, command, trace=trace) for command in commands]
        return await self._commits.commit_all(actor.id, commands, requests)

    async def commit_first(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out the first of the commands, as many as go into one transaction; maybe none.

        For whoever has many to send in order, each for itself: those that were carried out are
        exactly as if each had been committed alone. With the next one ``commit`` gets further, and
        says why it was not among them. Raises what ``commit`` raises for want of the database.
        """
        requests = [self._request(actor, command, trace=trace) for command in commands]
        return await self._commits.commit_first(actor.id, commands, requests)

    async def search(self, actor: UUID, search: TodoSearch) -> tuple[Todo, ...]:
        """Find live todos in all of the actor's lists, by (created_at, id).

        Raises NotFound for a list that is named and that the actor is no member of.
        """

        async def work(connection: AsyncConnection) -> tuple[Todo, ...]:
            return await search_todos(connection, actor, search)

        return await self.database.transact(Pool.APP, actor, work, read_only=True)

    async def empty_trash(self, older_than: timedelta) -> tuple[Entry, ...]:
        """Purge some of what was deleted longer ago than that; call again until it returns ().

        One list and at most a hundred todos a call, and what waits for them is let go first; a call
        may get no further than that. The caller publishes the entries.
        """
        now = self.now()

        async def work(connection: AsyncConnection) -> tuple[Entry, ...]:
            list_id = await find_due_list(connection, now - older_than)
            if list_id is None:
                return ()
            return await purge_list(connection, list_id, now - older_than, now, self.new_id)

        return await self.database.transact(Pool.WORKER, None, work)

    async def read_log(
        self,
        log: LogId,
        reader: UUID | None,
        since: int | None,
        *,
        limit: int = 500,
        max_bytes: int = 65_536,
    ) -> LogRead:
        """Read the entries after ``since`` (None: the position only) in one snapshot.

        ``reader`` None: a replica reads for all, and ``role`` is None. At most ``limit`` entries
        and ``max_bytes`` of data, but at least one entry if there is any.
        """
        if self._log_reader is not None:
            return await self._log_reader.read(LogQuery(log, reader, since, limit, max_bytes))

        async def work(connection: AsyncConnection) -> LogRead:
            return await read_log(connection, log, reader, since, limit=limit, max_bytes=max_bytes)

        return await self.database.transact(Pool.FANOUT, None, work, read_only=True)

    async def read_log_backward(
        self,
        log: LogId,
        reader: UUID | None,
        before: int | None,
        *,
        limit: int = 500,
        max_bytes: int = 65_536,
    ) -> LogRead:
        """Read the entries below ``before`` (None: from the newest), newest first.

        Bounded as ``read_log`` is.
        """

        async def work(connection: AsyncConnection) -> LogRead:
            return await read_log(
                connection, log, reader, before, limit=limit, max_bytes=max_bytes, backward=True
            )

        return await self.database.transact(Pool.FANOUT, None, work, read_only=True)

    async def heads(self, ids: Collection[LogId]) -> dict[LogId, int]:
        """Read the last offsets of many logs in one query; unknown logs are left out."""
        if self._log_reader is not None:
            return await self._log_reader.heads(ids)

        async def work(connection: AsyncConnection) -> dict[LogId, int]:
            return await read_heads(connection, ids)

        return await self.database.transact(Pool.FANOUT, None, work, read_only=True)

    async def snapshot(self, actor: UUID, list_id: UUID) -> Snapshot:
        """Read a list with its live todos. Raises NotFound for anyone but its members."""
        return await self._snapshots.read(actor, list_id, trash=False)

    async def trash(self, actor: UUID, list_id: UUID) -> Snapshot:
        """Read a list with its deleted todos. Raises NotFound for anyone but its members."""
        return await self._snapshots.read(actor, list_id, trash=True)

    async def encoded(
        self, actor: UUID, list_id: UUID, *, trash: bool = False
    ) -> tuple[Position, bytes]:
        """Read a list's position and snapshot (or trash) as JSON; however large, nobody waits.

        Raises NotFound for anyone but its members.
        """
        return await self._snapshots.encoded(actor, list_id, trash=trash)

    async def lists_of(self, actor: UUID) -> tuple[ListOverview, ...]:
        """Read the lists that the actor is a member of, the Inbox first."""

        async def work(connection: AsyncConnection) -> tuple[ListOverview, ...]:
            return await read_lists(connection, actor)

        return await self.database.transact(Pool.APP, actor, work, read_only=True)

    async def todo(self, actor: UUID, todo_id: UUID) -> tuple[Todo, Position]:
        """Read one todo and the position of its list. Raises NotFound."""

        async def work(connection: AsyncConnection) -> tuple[Todo, Position]:
            return await read_todo(connection, todo_id, actor, self.epoch)

        return await self.database.transact(Pool.APP, actor, work, read_only=True)

    async def aclose(self) -> None:
        """Wait for running transactions, then close every connection."""
        await self._commits.aclose()
        if self._log_reader is not None:
            await self._log_reader.aclose()
        await self.database.aclose()
        if self._standby is not None:
            await self._standby.aclose()


async def open_store(settings: StoreSettings, **injected: Any) -> Store:
    """Open the pools and read the epoch; the schema must be there (see store.migrate).

    ``injected`` passes ``now`` and ``new_id`` to the Store. Raises Unavailable when the database
    does not answer, ValueError for a URL of another kind, UnboundRoleError when a pool would act
    as a role that row-level security does not bind.
    """
    database = open_database(settings)
    try:
        if database.is_postgresql:
            for pool in Pool:
                await database.transact(pool, None, demand_bound_role, read_only=True)
        epoch = await database.transact(Pool.FANOUT, None, read_epoch, read_only=True)
    except BaseException:
        await database.aclose()
        raise
    return Store(database, epoch, standby=open_standby(settings), **injected)
