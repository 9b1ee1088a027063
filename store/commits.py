"""Carry out commands: lists' in their lanes, the others each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from store.commit_list import commit_list_command, commit_list_create
from store.commit_message import commit_broadcast, commit_message, commit_read
from store.commit_profile import commit_profile
from store.commit_together import CollidedError, CommandRefusedError, commit_together
from store.database import Database, Pool
from store.errors import Conflict, NotFound
from store.homes import Homes
from store.invites import accept_invite
from store.lanes import Lanes
from store.request import Request
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

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.committed import Committed
    from store.entry import Entry

__all__ = ["Commits"]

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


class Commits:
    """Find the way of each command and carry it out.

    The promises are those of ``Store.commit``, ``commit_all`` and ``commit_first``; each command
    comes with its request.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # SQLite has one writer and no round trips to share.
        self._lanes = Lanes(database, self._single) if database.is_postgresql else None
        self._homes = Homes(database) if database.is_postgresql else None

    async def commit(self, command: Command, request: Request) -> Committed:
        """Carry out one command."""
        if self._lanes is None or not isinstance(command, ListCommand | TodoCommand):
            return await self._single(command, request)
        list_id = await self._home_of(command, request.actor)
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

    async def commit_all(
        self, actor: UUID, commands: Sequence[Command], requests: Sequence[Request]
    ) -> tuple[Committed, ...]:
        """Carry out commands of one list in one transaction: all of them or none."""
        if self._lanes is not None and self._homes is not None:
            list_id, count = await self._homes.of_first(commands, actor)
            if list_id is not None and _FEW <= count == len(commands):
                alone = partial(self._together, actor, commands, requests)
                made = tuple(await self._lanes.commit_all(list_id, commands, requests, alone))
                self._learn_homes(list_id, commands, requests, made)
                return made
        return await self._together(actor, commands, requests)

    async def commit_first(
        self, actor: UUID, commands: Sequence[Command], requests: Sequence[Request]
    ) -> tuple[Committed, ...]:
        """Carry out as many of the first commands as go into one transaction; maybe none."""
        if self._lanes is None or self._homes is None:
            return ()
        list_id, count = await self._homes.of_first(commands, actor)
        if list_id is None or count < _FEW:
            return ()
        first, theirs = commands[:count], requests[:count]
        made = tuple(await self._lanes.commit_first(list_id, first, theirs))
        self._learn_homes(list_id, first, theirs, made)
        return made

    def learn(self, entry: Entry) -> None:
        """Take in an entry that another replica committed; never waits, and nothing rests on it."""
        if self._lanes is not None:
            self._lanes.learn(entry)

    async def aclose(self) -> None:
        """Wait for what is under way."""
        if self._lanes is not None:
            await self._lanes.aclose()
        if self._homes is not None:
            await self._homes.aclose()

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
            return await self._database.transact(Pool.APP, actor, work)
        except IntegrityError:
            # Someone used the same operation id or the same new id at the same moment, elsewhere.
            # By now that is visible, so a second look finds the answer or the reason.
            try:
                return await self._database.transact(Pool.APP, actor, work)
            except IntegrityError as error:
                raise _id_taken(command) from error

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
        self, actor: UUID, commands: Sequence[Command], requests: Sequence[Request]
    ) -> tuple[Committed, ...]:
        """Carry out commands in a transaction of their own."""

        async def work(connection: AsyncConnection) -> tuple[Committed, ...]:
            return await commit_together(connection, commands, requests)

        try:
            return await self._database.transact(Pool.APP, actor, work)
        except CollidedError:  # a second look, as for a single command
            try:
                return await self._database.transact(Pool.APP, actor, work)
            except CollidedError as error:
                taken = _id_taken(commands[error.index])
                raise CommandRefusedError(error.index, taken) from error


def _id_taken(command: Command) -> Conflict:
    if isinstance(command, ListCreate | TodoCreate):
        return Conflict("This id is taken; choose a new one.", code="id_taken")
    return Conflict("It collided with another change; look again and retry.")
