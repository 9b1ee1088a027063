"""Offer the store as a whole: commit a command, read logs and snapshots."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from uuid6 import uuid7

from store.commit_list import commit_list_command, commit_list_create
from store.commit_message import commit_broadcast, commit_message, commit_read
from store.commit_profile import commit_profile
from store.commit_together import CollidedError, CommandRefusedError, commit_together
from store.database import Database, Pool
from store.engines import StoreSettings, open_database, open_standby
from store.errors import Conflict, NotFound
from store.homes import Homes
from store.invites import accept_invite
from store.lanes import Lanes
from store.log_id import LogId
from store.log_read import read_epoch, read_heads, read_log
from store.log_reader import LogQuery, LogReader
from store.request import Request
from store.roles import demand_bound_role
from store.snapshot import ListOverview, Snapshot, read_lists, read_todo
from store.snapshot_reader import SnapshotReader
from store.todo.commands import (
    BroadcastPost,
    Command,
    InviteAccept,
    ListCommand,
    ListCreate,
    MessageSend,
    MessagesRead,
    ProfileUpdate,
    TodoCommand,
    TodoCreate,
)
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

# Fewer are no batch.
_FEW = 2


async def _accept(
    connection: AsyncConnection, command: InviteAccept, request: Request
) -> Committed:
    now = datetime.fromisoformat(request.context.at)
    return await accept_invite(connection, command, request, now)


_CARRY_OUT: dict[type[Command], Callable[[AsyncConnection, Any, Request], Any]] = {
    InviteAccept: _accept,
    ListCreate: commit_list_create,
    MessageSend: commit_message,
    MessagesRead: commit_read,
    BroadcastPost: commit_broadcast,
    ProfileUpdate: commit_profile,
}


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
        # SQLite has one writer and no round trips to share.
        self._lanes = Lanes(database, self._single) if database.is_postgresql else None
        self._homes = Homes(database) if database.is_postgresql else None
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
        if self._lanes is None or not isinstance(command, ListCommand | TodoCommand):
            return await self._single(command, request)
        list_id = await self._home_of(command, actor.id)
        if list_id is None:
            return await self._single(command, request)
        try:
            made = await self._lanes.commit(list_id, command, request)
        except NotFound:
            if not isinstance(command, TodoCommand) or self._homes is None:
                raise
            # It may have been purged there, and made anew with the same id in another list.
            self._homes.forget(command.todo_id)
            return await self._single(command, request)
        self._learn_homes(list_id, (command,), (request,), (made,))
        return made

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

    async def _home_of(self, command: ListCommand | TodoCommand, actor: UUID) -> UUID | None:
        """Find the list that a command belongs to; None when the actor may see none."""
        if isinstance(command, ListCommand):
            return command.list_id
        return None if self._homes is None else await self._homes.of(command, actor)

    async def _single(self, command: Command, request: Request) -> Committed:
        """Carry out one command in a transaction of its own."""

        async def work(connection: AsyncConnection) -> Committed:
            if isinstance(command, ListCommand | TodoCommand):
                return await commit_list_command(connection, command, request)
            carry_out = _CARRY_OUT[type(command)]
            made: Committed = await carry_out(connection, command, request)
            return made

        actor = request.actor
        try:
            return await self.database.transact(Pool.APP, actor, work)
        except IntegrityError:
            # Someone used the same operation id or the same new id at the same moment, elsewhere.
            # By now that is visible, so a second look finds the answer or the reason.
            try:
                return await self.database.transact(Pool.APP, actor, work)
            except IntegrityError as error:
                raise _id_taken(command) from error

    def learn(self, entry: Entry) -> None:
        """Take in an entry that another replica committed; never waits, and nothing rests on it."""
        if self._lanes is not None:
            self._lanes.learn(entry)

    async def commit_all(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out commands of one list in one transaction: all of them or none.

        The first may make the list. Raises CommandRefusedError, which names the first one refused;
        nothing is written then.
        """
        requests = [self._request(actor, command, trace=trace) for command in commands]
        if self._lanes is not None and self._homes is not None:
            list_id, count = await self._homes.of_first(commands, actor.id)
            if list_id is not None and _FEW <= count == len(commands):
                alone = partial(self._together, actor, commands, requests)
                made = tuple(await self._lanes.commit_all(list_id, commands, requests, alone))
                self._learn_homes(list_id, commands, requests, made)
                return made
        return await self._together(actor, commands, requests)

    async def commit_first(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out the first of the commands, as many as go into one transaction; maybe none.

        For whoever has many to send in order, each for itself: those that were carried out are
        exactly as if each had been committed alone. With the next one ``commit`` gets further, and
        says why it was not among them. Raises what ``commit`` raises for want of the database.
        """
        if self._lanes is None or self._homes is None:
            return ()
        list_id, count = await self._homes.of_first(commands, actor.id)
        if list_id is None or count < _FEW:
            return ()
        first = commands[:count]
        requests = [self._request(actor, command, trace=trace) for command in first]
        made = tuple(await self._lanes.commit_first(list_id, first, requests))
        self._learn_homes(list_id, first, requests, made)
        return made

    def _learn_homes(
        self,
        list_id: UUID,
        commands: Sequence[Command],
        requests: Sequence[Request],
        made: Sequence[Committed],
    ) -> None:
        """Remember where the todos are that were just made."""
        for command, request, committed in zip(commands, requests, made, strict=False):
            if isinstance(command, TodoCreate) and committed.entries and self._homes is not None:
                self._homes.learn(command.id or request.context.new_id, list_id)

    async def _together(
        self, actor: Actor, commands: Sequence[Command], requests: Sequence[Request]
    ) -> tuple[Committed, ...]:
        """Carry out commands in a transaction of their own."""

        async def work(connection: AsyncConnection) -> tuple[Committed, ...]:
            return await commit_together(connection, commands, requests)

        try:
            return await self.database.transact(Pool.APP, actor.id, work)
        except CollidedError:  # a second look, as for a single command
            try:
                return await self.database.transact(Pool.APP, actor.id, work)
            except CollidedError as error:
                taken = _id_taken(commands[error.index])
                raise CommandRefusedError(error.index, taken) from error

    async def search(self, actor: UUID, search: TodoSearch) -> tuple[Todo, ...]:
        """Find live todos in all of the actor's lists, by (created_at, id)."""

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
        self, log: LogId, reader: UUID | None, before: int | None, *, limit: int = 500
    ) -> LogRead:
        """Read the entries below ``before`` (None: from the newest), newest first."""

        async def work(connection: AsyncConnection) -> LogRead:
            return await read_log(
                connection, log, reader, before, limit=limit, max_bytes=2**31, backward=True
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
        if self._lanes is not None:
            await self._lanes.aclose()
        if self._homes is not None:
            await self._homes.aclose()
        if self._log_reader is not None:
            await self._log_reader.aclose()
        await self.database.aclose()
        if self._standby is not None:
            await self._standby.aclose()


def _id_taken(command: Command) -> Conflict:
    if isinstance(command, ListCreate | TodoCreate):
        return Conflict("This id is taken; choose a new one.", code="id_taken")
    return Conflict("It collided with another change; look again and retry.")


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
