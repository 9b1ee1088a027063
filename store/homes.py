"""Know which list each todo is in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from store.database import Database, Pool
from store.shared_query import SharedQuery
from store.todo.commands import ListCommand, TodoCommand, TodoCreate

if TYPE_CHECKING:
    from store.todo.commands import Command

__all__ = ["Homes"]

_FIND: Final = """
SELECT lockstep_home(todo, actor)
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (todo, actor, number)
ORDER BY number
"""
# Some 20 MB of ids; dropping them all now and then costs a look-up each.
_BOUND: Final = 100_000


class Homes:
    """Find the lists of todos, and remember them: a todo never changes its list. PostgreSQL only.

    Whether the actor may see the todo is decided there, anew each time.
    """

    def __init__(self, database: Database, bound: int = _BOUND) -> None:
        self._database = database
        self._bound = bound
        self._known: dict[UUID, UUID] = {}
        self._query: SharedQuery[tuple[UUID, UUID], UUID | None] = SharedQuery(
            self._find, most=64, at_once=2
        )

    async def of(self, command: TodoCommand, actor: UUID) -> UUID | None:
        """Find the list of the command's todo; None: the actor may see none. Raises Unavailable."""
        home = self._known.get(command.todo_id)
        if home is not None:
            return home
        home = await self._query.ask((command.todo_id, actor))
        if home is not None:
            self.learn(command.todo_id, home)
        return home

    async def of_first(self, commands: Sequence[Command], actor: UUID) -> tuple[UUID | None, int]:
        """Find the list of the first command, and how many from it on are about the same list.

        (None, 0): it has none, or none that the actor may see. Raises Unavailable.
        """
        made = {command.id for command in commands if isinstance(command, TodoCreate)}
        asked = {
            command.todo_id: command
            for command in commands
            if isinstance(command, TodoCommand) and command.todo_id not in made
        }
        homes = await asyncio.gather(*(self.of(command, actor) for command in asked.values()))
        known: dict[UUID, UUID | None] = dict(zip(asked, homes, strict=True))
        home: UUID | None = None
        for number, command in enumerate(commands):
            here: UUID | None = None
            if isinstance(command, ListCommand):
                here = command.list_id
                if isinstance(command, TodoCreate) and command.id is not None:
                    known[command.id] = here
            elif isinstance(command, TodoCommand):
                here = known.get(command.todo_id)
            if here is None or here != (home or here):
                return home, number
            home = here
        return home, len(commands)

    def learn(self, todo_id: UUID, home: UUID) -> None:
        """Take in which list a todo is in: what was just made need not be looked for."""
        if len(self._known) >= self._bound:
            self._known.clear()
        self._known[todo_id] = home

    def forget(self, todo_id: UUID) -> None:
        """Look for a todo anew when it is asked for next: it is not where it was."""
        self._known.pop(todo_id, None)

    async def aclose(self) -> None:
        """Wait until nothing is asked any more."""
        await self._query.aclose()

    async def _find(self, asked: Sequence[tuple[UUID, UUID]]) -> list[UUID | None]:
        rows = await self._database.fetch(
            Pool.APP, _FIND, [todo for todo, _ in asked], [actor for _, actor in asked]
        )
        return [None if row[0] is None else UUID(int=row[0].int) for row in rows]
