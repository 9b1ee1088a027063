"""A standby serves snapshots, and never an older one than was committed before the question."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from store.database import Pool
from store.engines import StoreSettings
from store.errors import NotFound
from store.log_id import LogId
from store.store import Store, open_store
from store.todo.commands import MemberRemove
from tests.servers.postgresql import TEMPLATE, PostgreSQL
from tests.store.making import make_person, new_list, new_todo


@pytest.fixture
async def store(own_postgresql: PostgreSQL, standby: PostgreSQL) -> AsyncIterator[Store]:
    """Open a store that knows both."""
    settings = StoreSettings(
        own_postgresql.url(TEMPLATE), standby_url=standby.url(TEMPLATE), deadline_s=10.0
    )
    opened = await open_store(settings)
    yield opened
    await opened.aclose()


class Counted:
    """Count what is read from the standby."""

    def __init__(self, store: Store) -> None:
        assert store._standby is not None
        self.count = 0
        self._transact = store._standby.transact
        store._standby.transact = self.transact  # type: ignore[method-assign, assignment]

    async def transact(self, pool: Pool, *arguments: object, **options: object) -> object:
        """Pass it on."""
        made: object = await self._transact(pool, *arguments, **options)  # type: ignore[arg-type]
        self.count += 1
        return made


async def level(store: Store, standby: PostgreSQL, list_id: object, head: int) -> None:
    """Wait until the standby has replayed a list up to ``head``."""
    query = f"SELECT head FROM logs WHERE log_id = '{list_id}'"
    async with asyncio.timeout(30):
        while await asyncio.to_thread(standby.sql, query, database=TEMPLATE) != [str(head)]:  # noqa: ASYNC110 - no event comes from another process
            await asyncio.sleep(0.01)


async def test_a_level_standby_serves_and_a_lagging_one_is_passed_over(
    store: Store, standby: PostgreSQL
) -> None:
    """Whoever was told of a change sees it in the next snapshot, wherever that comes from."""
    counted = Counted(store)
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    list_id = await new_list(store, ann, bob)
    await new_todo(store, ann, list_id, "a")
    head = (await store.heads([LogId.list(list_id)]))[LogId.list(list_id)]
    await level(store, standby, list_id, head)
    before = counted.count
    assert (await store.snapshot(ann.id, list_id)).position.offset == head
    assert counted.count == before + 1

    standby.sql("SELECT pg_wal_replay_pause()")
    await new_todo(store, ann, list_id, "b")
    assert len((await store.snapshot(ann.id, list_id)).todos) == 2
    fresh = await new_list(store, ann)
    assert (await store.snapshot(ann.id, fresh)).todos == ()

    # A removal is a change like others: the standby, where bob is still a member, is too old.
    await store.commit(ann, MemberRemove(list_id=list_id, username="bob"))
    with pytest.raises(NotFound):
        await store.snapshot(bob.id, list_id)
    standby.sql("SELECT pg_wal_replay_resume()")


async def test_a_standby_that_is_gone_costs_nothing_but_its_help(
    store: Store, standby: PostgreSQL
) -> None:
    """The first database answers alone."""
    ann = await make_person(store, "ann")
    list_id = await new_list(store, ann)
    assert standby.process is not None
    standby.process.kill()
    assert (await store.snapshot(ann.id, list_id)).position.offset == 2
