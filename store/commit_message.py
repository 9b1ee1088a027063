"""Carry out the commands that touch no list: personal messages and broadcasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select, update

from store.append import Draft, append, lock_head
from store.commit_list import append_inboxes
from store.committed import Committed
from store.entry import Entry, Position
from store.errors import Forbidden, Invalid, NotFound
from store.list_load import find_person
from store.log_id import LogId
from store.ops import recall, remember
from store.request import Request
from store.tables import logs, members, users
from store.todo.model import person_json

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.todo.commands import BroadcastPost, Command, MessageSend, MessagesRead

__all__ = ["commit_broadcast", "commit_message", "commit_read"]


async def commit_message(
    connection: AsyncConnection, command: MessageSend, request: Request
) -> Committed:
    """Put a message into the inboxes of both; the answer carries the sender's own position.

    Raises NotFound alike for a name that nobody has and for someone who shares no list.
    """
    again = await recall(connection, request.actor, command, request.epoch)
    if again is not None:
        return again
    context = request.context
    person = await find_person(connection, command.to)
    if person is None or not await _share_a_list(connection, request.actor, person.id):
        message = "Nobody of this name shares a list with you."
        raise NotFound(message, code="user_not_found")
    message_json = {
        "id": str(context.new_id),
        "text": command.text,
        "from": person_json(context.actor),
        "to": person_json(person),
        "at": context.at,
    }
    data = context.entry("message.received", message=message_json)
    both = dict.fromkeys((request.actor, person.id), data)
    made = await append_inboxes(connection, both.items(), request)
    log = LogId.user(request.actor)
    own = next(entry for entry in made if entry.log == log)
    answer = {"message": message_json}
    return await _conclude(connection, command, request, log, own.offset, answer, made, status=201)


async def _share_a_list(connection: AsyncConnection, one: UUID, other: UUID) -> bool:
    mine, theirs = members.alias(), members.alias()
    query = (
        select(mine.c.list_id)
        .join(theirs, mine.c.list_id == theirs.c.list_id)
        .where(mine.c.user_id == one, theirs.c.user_id == other)
        .limit(1)
    )
    return one == other or await connection.scalar(query) is not None


async def commit_read(
    connection: AsyncConnection, command: MessagesRead, request: Request
) -> Committed:
    """Move the inbox's read mark forward; it never moves back."""
    again = await recall(connection, request.actor, command, request.epoch)
    if again is not None:
        return again
    log = LogId.user(request.actor)
    head = await lock_head(connection, log) or 0
    if command.up_to > head:
        raise Invalid([("up_to", f"must not lie beyond the inbox's last entry, {head}")])
    this = (logs.c.kind == log.kind) & (logs.c.log_id == log.key)
    read = await connection.scalar(select(logs.c.read_up_to).where(this)) or 0
    made: tuple[Entry, ...] = ()
    if command.up_to > read:
        read = command.up_to
        await connection.execute(update(logs).where(this).values(read_up_to=read))
        data = request.context.entry("messages.read", up_to=read)
        made = await append(connection, head, [Draft(log, data, trace=request.trace)])
    offset = made[-1].offset if made else head
    return await _conclude(
        connection, command, request, log, offset, {"read_up_to": read}, made, status=200
    )


async def commit_broadcast(
    connection: AsyncConnection, command: BroadcastPost, request: Request
) -> Committed:
    """Post to the log that everyone follows; administrators only."""
    again = await recall(connection, request.actor, command, request.epoch)
    if again is not None:
        return again
    query = select(users.c.is_admin).where(users.c.id == request.actor)
    if not await connection.scalar(query):
        message = "Only administrators send broadcasts."
        raise Forbidden(message)
    context = request.context
    message_json = {
        "id": str(context.new_id),
        "text": command.text,
        "from": person_json(context.actor),
        "at": context.at,
    }
    head = await lock_head(connection, LogId.ALL) or 0
    data = context.entry("broadcast.posted", message=message_json)
    made = await append(connection, head, [Draft(LogId.ALL, data, trace=request.trace)])
    answer = {"message": message_json}
    return await _conclude(
        connection, command, request, LogId.ALL, made[-1].offset, answer, made, status=201
    )


async def _conclude(
    connection: AsyncConnection,
    command: Command,
    request: Request,
    log: LogId,
    offset: int,
    answer: dict[str, Any],
    made: tuple[Entry, ...],
    *,
    status: int,
) -> Committed:
    body = orjson.dumps({**answer, "epoch": request.epoch, "offset": offset})
    committed = Committed(status, body, Position(request.epoch, offset), made)
    await remember(connection, request.actor, command, log, committed)
    return committed
