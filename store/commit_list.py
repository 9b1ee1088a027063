"""Carry out a command of a list in one transaction: lock, decide, append, write, remember."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from store.append import append, create_log, lock_head
from store.committed import Committed
from store.entry import Entry, Position
from store.errors import NotFound
from store.list_load import load_place, load_view
from store.list_write import write_departures, write_rows
from store.lists_held import demand_room_for_added, demand_room_for_made
from store.log_id import LogId
from store.ops import recall, remember
from store.request import NO_LIST, NO_TODO, Request, answer_with, check_precondition, draft_of
from store.tables import todos
from store.todo.commands import ListCommand, ListCreate, TodoCommand
from store.todo.decide import decide
from store.todo.decide_list import create_list, list_json
from store.todo.decision import Decision
from store.todo.model import Todo, todo_json
from store.todo.view import View, needs_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.todo.commands import Command

__all__ = ["append_inboxes", "commit_list_command", "commit_list_create", "list_of"]


async def commit_list_command(
    connection: AsyncConnection, command: ListCommand | TodoCommand, request: Request
) -> Committed:
    """Carry out a command of an existing list; raises refusals of store.errors."""
    list_id = await list_of(connection, command)
    head = None
    if list_id is not None:
        head = await lock_head(connection, LogId.list(list_id))
    again = await recall(connection, request.actor, command, request.epoch)
    if again is not None:
        return again
    view = None
    if list_id is not None and head is not None:
        needs = needs_of(command)
        view = await load_view(connection, list_id, request.actor, head, needs)
    if list_id is None or view is None:
        raise NotFound(NO_TODO if isinstance(command, TodoCommand) else NO_LIST)
    decision = decide(view, command, request.context)
    check_precondition(view, command, request)
    return await _carry_out(connection, list_id, view, command, decision, request)


async def list_of(connection: AsyncConnection, command: ListCommand | TodoCommand) -> UUID | None:
    """Find the list that a command belongs to; None when row-level security hides its todo."""
    if isinstance(command, ListCommand):
        return command.list_id
    query = select(todos.c.list_id).where(todos.c.id == command.todo_id)
    found: UUID | None = await connection.scalar(query)
    return found


async def _carry_out(
    connection: AsyncConnection,
    list_id: UUID,
    view: View,
    command: Command,
    decision: Decision,
    request: Request,
) -> Committed:
    log = LogId.list(list_id)
    drafts = [draft_of(log, data, request) for data in decision.entries]
    touched: Mapping[UUID, Todo] = view.todos
    if drafts:
        numbered = list(enumerate(drafts, view.head + 1))
        touched = await write_rows(connection, list_id, numbered, view.todos)
    made = await append(connection, view.head, drafts)
    inboxes = await append_inboxes(connection, decision.inbox, request)
    for user_id, data in decision.inbox:
        if data["type"] == "list.joined":
            await demand_room_for_added(connection, user_id)
    if made:
        at = datetime.fromisoformat(request.context.at)
        await write_departures(connection, list_id, made, at)
    position = Position(request.epoch, made[-1].offset if made else view.head)
    answer = dict(decision.answer or {})
    if decision.todo_id is not None:
        answer["todo"] = todo_json(touched[decision.todo_id])
    committed = answer_with(decision.status, answer, position, (*made, *inboxes))
    await remember(connection, request.actor, command, log, committed)
    return committed


async def commit_list_create(
    connection: AsyncConnection, command: ListCreate, request: Request, *, inbox: bool = False
) -> Committed:
    """Make a list; the same id again by someone who is in that list is the same list.

    Raises IntegrityError when the id is taken by something that the actor cannot see.
    """
    again = await recall(connection, request.actor, command, request.epoch)
    if again is not None:
        return again
    list_id = command.id or request.context.new_id
    log = LogId.list(list_id)
    place = await load_place(connection, list_id, request.actor)
    if place is not None:
        position = Position(request.epoch, await lock_head(connection, log) or 0)
        committed = answer_with(200, {"list": list_json(place[0])}, position, ())
        await remember(connection, request.actor, command, log, committed)
        return committed
    decision = create_list(command, request.context)
    drafts = [draft_of(log, data, request) for data in decision.entries]
    await write_rows(connection, list_id, list(enumerate(drafts, 1)), {}, inbox=inbox)
    await create_log(connection, log)
    made = await append(connection, 0, drafts)
    inboxes = await append_inboxes(connection, decision.inbox, request)
    await demand_room_for_made(connection, request.actor)
    position = Position(request.epoch, made[-1].offset)
    committed = answer_with(decision.status, decision.answer or {}, position, (*made, *inboxes))
    await remember(connection, request.actor, command, log, committed)
    return committed


async def append_inboxes(
    connection: AsyncConnection,
    inbox: Iterable[tuple[UUID, dict[str, Any]]],
    request: Request,
) -> tuple[Entry, ...]:
    """Append to the logs of users, locking their heads in id order so that none deadlock."""
    made: list[Entry] = []
    for user_id, data in sorted(inbox, key=lambda item: item[0]):
        log = LogId.user(user_id)
        head = await lock_head(connection, log)
        if head is not None:
            made.extend(await append(connection, head, [draft_of(log, data, request)]))
    return tuple(made)
