"""Carry out several commands of one list in one transaction: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Text, Uuid, bindparam, select, text
from sqlalchemy.exc import IntegrityError

from store.append import lock_head
from store.commit_list import commit_list_command, commit_list_create, list_of
from store.errors import Invalid, LockstepError
from store.log_id import LogId
from store.tables import members
from store.todo.commands import (
    ListCommand,
    ListCreate,
    ListDelete,
    MemberRemove,
    MemberSet,
    TodoCommand,
)
from store.usernames import name_key

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.committed import Committed
    from store.request import Request
    from store.todo.commands import Command

__all__ = ["CollidedError", "CommandRefusedError", "commit_together"]

# The commands that write to inboxes; only several of them can lock in a wrong order.
_WRITING_INBOXES: Final = (ListCreate, ListDelete, MemberRemove, MemberSet)
_SEVERAL: Final = 2
_LOCK: Final = text("SELECT lockstep_lock_inboxes(:name_keys, :people)").bindparams(
    bindparam("name_keys", type_=ARRAY(Text)), bindparam("people", type_=ARRAY(Uuid))
)


class CollidedError(Exception):
    """Name the command (``index``, from 0) with an id that somebody else has used."""

    def __init__(self, index: int) -> None:
        super().__init__(f"command {index}")
        self.index = index


class CommandRefusedError(Exception):
    """Name the command (``index``, from 0) whose ``refusal`` kept all of them from happening."""

    def __init__(self, index: int, refusal: LockstepError) -> None:
        super().__init__(f"command {index}: {refusal}")
        self.index = index
        self.refusal = refusal


async def commit_together(
    connection: AsyncConnection, commands: Sequence[Command], requests: Sequence[Request]
) -> tuple[Committed, ...]:
    """Carry out the commands in order; raises CommandRefusedError at the first one refused.

    The first may make the list that the others are about. Raises CollidedError for an id, of a new
    thing or of the operation, that the actor cannot see or could not when the transaction began.
    """
    await _lock_inboxes(connection, commands, requests)
    made: list[Committed] = []
    home: UUID | None = None
    for index, (command, request) in enumerate(zip(commands, requests, strict=True)):
        try:
            if isinstance(command, ListCreate) and index == 0:
                made.append(await commit_list_create(connection, command, request))
                home = UUID(orjson.loads(made[0].body)["list"]["id"])
                continue
            if not isinstance(command, ListCommand | TodoCommand):
                raise _not_one_list()
            found = await list_of(connection, command)
            home = home or found
            if found is not None and found != home:
                raise _not_one_list()
            made.append(await commit_list_command(connection, command, request))
        except LockstepError as refusal:
            raise CommandRefusedError(index, refusal) from refusal
        except IntegrityError as error:
            raise CollidedError(index) from error
    return tuple(made)


async def _lock_inboxes(
    connection: AsyncConnection, commands: Sequence[Command], requests: Sequence[Request]
) -> None:
    """Lock every inbox that the commands may write to, in id order, after the list itself.

    Two lists shared with the same people in two orders would wait for each other otherwise: each
    command alone locks in order, one after another they do not. SQLite has one writer.
    """
    writing = [command for command in commands if isinstance(command, _WRITING_INBOXES)]
    if connection.dialect.name != "postgresql" or len(writing) < _SEVERAL:
        return
    first = commands[0]
    making = isinstance(first, ListCreate)
    list_id = first.id if isinstance(first, ListCreate) else None
    if isinstance(first, ListCommand | TodoCommand):
        list_id = await list_of(connection, first)
    head = None if list_id is None else await lock_head(connection, LogId.list(list_id))
    if head is None and not making:
        return  # not the actor's list: to be refused, and to keep nobody waiting
    people = {requests[0].actor} if making else set()
    if list_id is not None and any(isinstance(command, ListDelete) for command in writing):
        query = select(members.c.user_id).where(members.c.list_id == list_id)
        people.update(await connection.scalars(query))
    named = {
        name_key(command.username)
        for command in writing
        if isinstance(command, MemberSet | MemberRemove)
    }
    await connection.execute(_LOCK, {"name_keys": sorted(named), "people": sorted(people)})


def _not_one_list() -> Invalid:
    return Invalid(
        [("list_id", "all or none works for the commands of one list, which the first may make")]
    )
