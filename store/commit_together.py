"""Carry out several commands of one list in one transaction: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from sqlalchemy.exc import IntegrityError

from store.commit_list import commit_list_command, commit_list_create, list_of
from store.errors import Invalid, LockstepError
from store.todo.commands import ListCommand, ListCreate, TodoCommand

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.committed import Committed
    from store.request import Request
    from store.todo.commands import Command

__all__ = ["CollidedError", "CommandRefusedError", "commit_together"]


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


def _not_one_list() -> Invalid:
    return Invalid(
        [("list_id", "all or none works for the commands of one list, which the first may make")]
    )
