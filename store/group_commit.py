"""Write a group of decided commands of one list in one statement: PostgreSQL's fast path."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from store.committed import Committed
from store.entry import Entry, Position
from store.errors import LockstepError, NotFound
from store.log_id import LogId
from store.ops import digest_of
from store.request import NO_LIST, NO_TODO, Request, check_precondition
from store.todo.commands import MessagePost, TodoBlock, TodoCommand, TodoCreate
from store.todo.decide import decide
from store.todo.model import todo_json
from store.todo_rows import todo_values

if TYPE_CHECKING:
    from uuid import UUID

    from store.flusher import Flusher
    from store.todo.commands import Command
    from store.todo.model import Todo
    from store.todo.warm_list import Undo, WarmList

__all__ = ["Group", "can_join", "may_join"]

# Todos that decisions may lead past before the loop has its turn: about 2 ms.
_FAR: Final = 5_000


def may_join(command: Command) -> bool:
    """Tell whether a command touches a list's todos or messages only.

    Members, the list itself and other lists' logs go the longer way.
    """
    return isinstance(command, TodoCommand | TodoCreate | MessagePost)


def can_join(command: Command, warm: WarmList) -> bool:
    """Tell whether a command may be decided from the warm list.

    A dependency on a todo that is not here goes the longer way too, because only the database knows
    whether the actor may see it; and so does a place so crowded that neighbours make room, because
    here every command has one entry. (Within a group, keys may grow beyond that by one each.)
    """
    if isinstance(command, TodoBlock):
        return command.by in warm.state.todos
    return may_join(command) and not warm.is_crowded(command)


@dataclass(frozen=True, slots=True)
class _Part:
    """Hold one decided command: its entry, if it changes anything, and its answer."""

    request: Request
    command: Command
    entry: Entry | None
    committed: Committed


class Group:
    """Decide commands in turn against a warm list, then write them together or not at all.

    Each keeps its own identity, operation id, offset and answer; a refused one changes nothing for
    the others. ``add`` moves the warm list on; ``write`` moves it back when nothing was written.
    """

    def __init__(self, list_id: UUID, warm: WarmList) -> None:
        self._list_id = list_id
        self._log = LogId.list(list_id)
        self._warm = warm
        self._before = warm.offset
        self._parts: list[_Part] = []
        self._undo: list[Undo] = []
        self._new: dict[UUID, None] = {}
        self._changed: dict[UUID, None] = {}
        self._looked_at = warm.looked_at

    def __len__(self) -> int:
        return len(self._parts)

    async def add(self, command: Command, request: Request) -> Committed:
        """Decide one more command and give the answer it will have; raises its refusal."""
        try:
            return self._decide(command, request)
        finally:
            if self._warm.looked_at - self._looked_at >= _FAR:
                self._looked_at = self._warm.looked_at
                await asyncio.sleep(0)

    def _decide(self, command: Command, request: Request) -> Committed:
        view = self._warm.view(command, request.actor)
        if view is None:
            raise NotFound(NO_TODO if isinstance(command, TodoCommand) else NO_LIST)
        decision = decide(view, command, request.context)
        check_precondition(view, command, request)
        entry = None
        data: Mapping[str, Any] = {}
        if decision.entries:
            (data,) = decision.entries
            self._touch(decision.todo_id)
            offset = self._warm.offset + 1
            self._undo.append(self._warm.apply(data, offset))
            encoded = orjson.dumps(data)
            entry = Entry(self._log, offset, data["type"], None, encoded, request.trace)
        position = Position(request.epoch, self._warm.offset)
        answer = dict(decision.answer or {})
        if data.get("type") == "todo.created":
            answer["todo"] = data["todo"]  # spelled already, just as the folded todo would be
        elif decision.todo_id is not None:
            answer["todo"] = todo_json(self._warm.state.todos[decision.todo_id])
        body = orjson.dumps({**answer, "epoch": position.epoch, "offset": position.offset})
        made = () if entry is None else (entry,)
        committed = Committed(decision.status, body, position, made)
        self._parts.append(_Part(request, command, entry, committed))
        return committed

    async def add_all(
        self, commands: Sequence[Command], requests: Sequence[Request], *, partly: bool = False
    ) -> tuple[Committed, ...]:
        """Decide several in turn and give their answers.

        Raises the first refusal and takes the others back; ``partly``: stops before it instead.
        """
        parts, undo = len(self._parts), len(self._undo)
        new, changed = self._new.copy(), self._changed.copy()
        made: list[Committed] = []
        try:
            for command, request in zip(commands, requests, strict=True):
                if not can_join(command, self._warm):
                    raise NotFound(NO_TODO)
                made.append(await self.add(command, request))
        except LockstepError:
            if not partly:
                self._warm.revert(self._undo[undo:])
                del self._parts[parts:], self._undo[undo:]
                self._new, self._changed = new, changed
                raise
        return tuple(made)

    def _touch(self, todo_id: UUID | None) -> None:
        if todo_id is None or todo_id in self._new:
            return
        known = todo_id in self._warm.state.todos
        (self._changed if known else self._new)[todo_id] = None

    async def write(self, flusher: Flusher) -> bool:
        """Write the group; False when the list had moved on and nothing was written.

        Raises what Flusher.write raises. Unless it returns True, the warm list stands again where
        it stood before the group.
        """
        written = False
        try:
            found = await flusher.write(self._list_id, self._arguments())
            written = bool(found == self._before)
        finally:
            if not written:
                self._warm.revert(self._undo)
        return written

    def _arguments(self) -> Sequence[Any]:
        parts = self._parts
        todos = self._warm.state.todos
        keeping = [part.command.op is not None for part in parts]
        return (
            self._list_id,
            self._before,
            self._warm.offset,
            [part.request.actor for part in parts],
            [part.committed.position.offset for part in parts],
            [None if part.entry is None else part.entry.type for part in parts],
            [None if part.entry is None else part.entry.data for part in parts],
            [part.request.trace for part in parts],
            [part.command.op for part in parts],
            [
                digest_of(part.command) if kept else None
                for part, kept in zip(parts, keeping, strict=True)
            ],
            [part.committed.status for part in parts],
            [
                part.committed.body if kept else None
                for part, kept in zip(parts, keeping, strict=True)
            ],
            _rows([todos[todo_id] for todo_id in self._new], new=True),
            _rows([todos[todo_id] for todo_id in self._changed], new=False),
        )


def _rows(todos: Sequence[Todo], *, new: bool) -> str | None:
    """Encode rows for jsonb_populate_recordset; None when there are none."""
    if not todos:
        return None
    rows = []
    for todo in todos:
        row = {"id": str(todo.id), **todo_values(todo)}
        if new:
            row |= {
                "list_id": str(todo.list_id),
                "created_by": str(todo.created_by.id),
                "created_by_name": todo.created_by.username,
                "created_at": todo.created_at,
            }
        rows.append(row)
    return orjson.dumps(rows).decode()
