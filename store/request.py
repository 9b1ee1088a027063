"""Hold what comes with a command, and shape what goes back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from store.append import Draft
from store.committed import Committed
from store.entry import Entry, Position
from store.errors import Stale
from store.todo.commands import TodoCommand
from store.todo.decide_list import list_json
from store.todo.model import todo_json

if TYPE_CHECKING:
    from store.log_id import LogId
    from store.todo.commands import Command
    from store.todo.decision import Context
    from store.todo.view import View

__all__ = [
    "NO_LIST",
    "NO_TODO",
    "Request",
    "answer_with",
    "check_precondition",
    "draft_of",
]

NO_LIST = "There is no such list, or you are not a member of it."
NO_TODO = "There is no such todo, or it is in a list that you are not a member of."


@dataclass(frozen=True, slots=True)
class Request:
    """Hold what comes with a command: who, under which conditions, and in which epoch.

    ``if_match`` are the positions that the writer accepts (one suffices), None: any. ``trace`` is a
    trace id or None.
    """

    context: Context
    epoch: str
    if_match: Collection[Position] | None = None
    trace: str | None = None

    @property
    def actor(self) -> UUID:
        """Name the user who acts."""
        return self.context.actor.id


def check_precondition(view: View, command: Command, request: Request) -> None:
    """Refuse (Stale) when the writer named another version than the present one."""
    if request.if_match is None:
        return
    if isinstance(command, TodoCommand):
        todo = view.todos[command.todo_id]
        offset, extra = todo.offset, {"todo": todo_json(todo)}
    else:
        offset, extra = view.head, {"list": list_json(view.info)}
    if Position(request.epoch, offset) not in request.if_match:
        raise Stale("It changed after the version you named; look again.", extra=extra)


def draft_of(log: LogId, data: dict[str, Any], request: Request) -> Draft:
    """Make the draft of an entry."""
    subject = UUID(data["user"]["id"]) if data["type"].startswith("member.") else None
    return Draft(log, data, subject, request.trace)


def answer_with(
    status: int, answer: Mapping[str, Any], position: Position, made: tuple[Entry, ...]
) -> Committed:
    """Encode an answer with its position."""
    body = orjson.dumps({**answer, "epoch": position.epoch, "offset": position.offset})
    return Committed(status, body, position, made)
