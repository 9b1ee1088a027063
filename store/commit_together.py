"""Carry out several commands of one list in one transaction: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from store.commit_list import commit_list_command, list_of
from store.errors import Invalid, LockstepError
from store.todo.commands import ListCommand, TodoCommand

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.committed import Committed
    from store.request import Request
    from store.todo.commands import Command

__all__ = ["CommandRefusedError", "commit_together"]


class CommandRefusedError(Exception):
    """Name the command (``index``, from 0) whose ``refusal`` kept all of them from happening."""

    def __init__(self, index: int, refusal: LockstepError) -> None:
        super().__init__(f"command {index}: {refusal}")
        self.index = index
        self.refusal = refusal


async def commit_together(
    connection: AsyncConnection, commands: Sequence[Command], requests: Sequence[Request]
) -> tuple[Committed, ...]:
    """Carry out the commands in order; raises CommandRefusedError at the first one refused."""
    made: list[Committed] = []
    home: UUID | None = None
    for index, (command, request) in enumerate(zip(commands, requests, strict=True)):
        try:
            if not isinstance(command, ListCommand | TodoCommand):
                raise _not_one_list()
            found = await list_of(connection, command)
            home = home or found
            if found is not None and found != home:
                raise _not_one_list()
            made.append(await commit_list_command(connection, command, request))
        except LockstepError as refusal:
            raise CommandRefusedError(index, refusal) from refusal
    return tuple(made)


def _not_one_list() -> Invalid:
    return Invalid([("list_id", "all or none works for the commands of one list")])
