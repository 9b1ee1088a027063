"""Make lists and todos for tests that are about something else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid6 import uuid7

from store.actor import Actor
from store.append import create_log
from store.commit_list import commit_list_create
from store.committed import Committed
from store.database import Pool
from store.log_id import LogId
from store.request import Request
from store.store import Store
from store.tables import users
from store.todo.commands import Command, ListCreate, MemberSet, TodoCreate
from store.todo.decision import Context
from store.todo.model import Person
from store.usernames import name_key

__all__ = [
    "People",
    "all_of",
    "gapless",
    "make_person",
    "new_inbox",
    "new_list",
    "new_todo",
    "warm_list",
]

People = Callable[[str], Awaitable[Actor]]


async def make_person(store: Store, username: str) -> Actor:
    """Make an account, without a password."""
    user_id = UUID(int=uuid7().int)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(
            insert(users).values(
                id=user_id,
                username=username,
                name_key=name_key(username),
                inbox_id=UUID(int=uuid7().int),
                created_at=datetime.now(UTC),
            )
        )
        await create_log(connection, LogId.user(user_id))

    await store.database.transact(Pool.APP, user_id, work)
    return Actor(user_id, username)


async def new_list(store: Store, owner: Actor, *others: Actor, role: str = "editor") -> UUID:
    """Make a list and add others to it."""
    made = await store.commit(owner, ListCreate(title="Groceries"))
    list_id = UUID(orjson.loads(made.body)["list"]["id"])
    for other in others:
        await store.commit(owner, MemberSet(list_id=list_id, username=other.username, role=role))
    return list_id


async def new_inbox(store: Store, owner: Actor) -> UUID:
    """Make the list that comes with an account."""
    command = ListCreate(id=uuid4(), title="Inbox")
    assert command.id is not None
    at = datetime.now(UTC).isoformat()
    request = Request(Context(Person(owner.id, owner.username), uuid4(), at, uuid4()), store.epoch)

    async def work(connection: AsyncConnection) -> None:
        await commit_list_create(connection, command, request, inbox=True)

    await store.database.transact(Pool.APP, owner.id, work)
    return command.id


async def new_todo(
    store: Store, actor: Actor, list_id: UUID, title: str = "milk", **fields: object
) -> UUID:
    """Add a todo at the end."""
    made = await store.commit(actor, TodoCreate(list_id=list_id, title=title, **fields))
    return UUID(orjson.loads(made.body)["todo"]["id"])


async def warm_list(store: Store, owner: Actor) -> UUID:
    """Make a list and write to it until it is warm."""
    made = await store.commit(owner, ListCreate(title="Groceries"))
    list_id = UUID(orjson.loads(made.body)["list"]["id"])
    for title in ("a", "b", "c"):
        await store.commit(owner, TodoCreate(list_id=list_id, title=title))
    assert store._commits._lanes is not None
    assert store._commits._lanes._warm.get(list_id) is not None
    return list_id


async def all_of(
    store: Store, actor: Actor, commands: list[Command]
) -> list[Committed | BaseException]:
    """Send commands at the same moment."""
    return await asyncio.gather(
        *(store.commit(actor, command) for command in commands), return_exceptions=True
    )


async def gapless(store: Store, list_id: UUID) -> int:
    """Check that the log is 1..head and every todo's offset is that of its last entry."""
    log = await store.read_log(LogId.list(list_id), None, 0, limit=10_000, max_bytes=10**8)
    assert [entry.offset for entry in log.entries] == list(range(1, log.head + 1))
    return log.head
