"""Lists that are written at the same time share a transaction, and none holds up another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.actor import Actor
from store.committed import Committed
from store.database import Database, Pool
from store.engines import StoreSettings
from store.errors import Conflict, Unavailable
from store.log_id import LogId
from store.store import Store, open_store
from store.todo.commands import TodoCreate
from tests.store.making import People, new_list, new_todo


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that shares transactions."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


async def warm_lists(store: Store, owner: Actor, count: int) -> list[UUID]:
    """Make lists and write to each until it is warm."""
    made = [await new_list(store, owner) for _ in range(count)]
    for list_id in made:
        for title in ("a", "b"):
            await new_todo(store, owner, list_id, title)
    return made


def counting(database: Database) -> list[int]:
    """Note how many lists each call of the database carries from now on."""
    sizes: list[int] = []
    call = database.call

    async def counted(pool: Pool, statement: str, *arguments: Any) -> list[Any]:
        sizes.append(len(arguments))
        return await call(pool, statement, *arguments)

    database.call = counted  # type: ignore[method-assign]  # watched, not replaced
    return sizes


async def write_to_all(
    store: Store, actor: Actor, lists: list[UUID], **fields: object
) -> list[Committed | BaseException]:
    """Write one todo to each list at the same moment."""
    return await asyncio.gather(
        *(
            store.commit(actor, TodoCreate(list_id=list_id, title="x", op=uuid4(), **fields))
            for list_id in lists
        ),
        return_exceptions=True,
    )


async def test_lists_written_at_once_share_transactions(store: Store, person: People) -> None:
    """Forty lists need far fewer calls than forty, and each list stays gapless."""
    ann = await person("ann")
    lists = await warm_lists(store, ann, 40)
    sizes = counting(store.database)
    answers = await write_to_all(store, ann, lists)
    assert sum(sizes) == 40
    assert len(sizes) <= 8
    assert [answer.position.offset for answer in answers if isinstance(answer, Committed)] == (
        [5] * 40
    )
    for list_id in lists:
        log = await store.read_log(LogId.list(list_id), None, 0)
        assert [entry.offset for entry in log.entries] == [1, 2, 3, 4, 5]


async def test_one_refused_list_leaves_the_others_alone(store: Store, person: People) -> None:
    """An id that is taken elsewhere refuses the transaction; alone, only its own list is."""
    ann = await person("ann")
    lists = await warm_lists(store, ann, 6)
    taken = (await store.snapshot(ann.id, lists[0])).todos[0].id
    good = [store.commit(ann, TodoCreate(list_id=each, title="good")) for each in lists[1:]]
    bad = store.commit(ann, TodoCreate(list_id=lists[1], id=taken, title="bad"))
    *answers, refused = await asyncio.gather(*good, bad, return_exceptions=True)
    assert all(isinstance(answer, Committed) for answer in answers)
    assert isinstance(refused, Conflict)
    assert refused.code == "id_taken"


async def test_a_list_that_is_locked_elsewhere_does_not_hold_up_the_others(
    store: Store, person: People
) -> None:
    """The others are written while it waits, and it is written when the lock is gone."""
    ann = await person("ann")
    lists = await warm_lists(store, ann, 5)
    locked, release = asyncio.Event(), asyncio.Event()
    lock = text("SELECT head FROM logs WHERE kind = 0 AND log_id = :list FOR UPDATE")

    async def hold(connection: AsyncConnection) -> None:
        await connection.execute(lock, {"list": lists[2]})
        locked.set()
        await release.wait()

    holder = asyncio.create_task(store.database.transact(Pool.APP, ann.id, hold))
    await locked.wait()
    tasks = [
        asyncio.create_task(store.commit(ann, TodoCreate(list_id=each, title="x")))
        for each in lists
    ]
    done, waiting = await asyncio.wait(
        [task for number, task in enumerate(tasks) if number != 2], timeout=10
    )
    assert not waiting
    assert all(task.exception() is None for task in done)
    release.set()
    await holder
    try:
        assert (await tasks[2]).position.offset == 5
    except Unavailable:
        # On a very slow machine its second of waiting for the lock was over; that is an answer too.
        assert (await store.snapshot(ann.id, lists[2])).position.offset == 4


async def test_members_write_each_in_their_own_name(store: Store, person: People) -> None:
    """One shared transaction, several identities: every entry names who acted."""
    ann, bob = await person("ann"), await person("bob")
    shared = await new_list(store, ann, bob)
    private = await warm_lists(store, ann, 3)
    for actor in (ann, bob, ann):
        await new_todo(store, actor, shared)
    answers = await asyncio.gather(
        *(store.commit(ann, TodoCreate(list_id=each, title="x", op=uuid4())) for each in private),
        store.commit(ann, TodoCreate(list_id=shared, title="hers", op=uuid4())),
        store.commit(bob, TodoCreate(list_id=shared, title="his", op=uuid4())),
    )
    actors = [orjson.loads(answer.entries[0].data)["actor"]["username"] for answer in answers]
    assert actors == ["ann", "ann", "ann", "ann", "bob"]
