"""A list loaded in one round trip is exact at its offset, and only members can load it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from store.database import Pool
from store.engines import StoreSettings
from store.store import Store, open_store
from store.todo.commands import ListDelete, TodoCreate, TodoDelete
from store.warm_load import SMALL, WarmLoader
from tests.store.making import People, new_list, new_todo


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that loads lists."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


async def test_a_list_is_loaded_at_one_moment_while_another_replica_writes(
    store: Store, person: People, postgresql_url: str
) -> None:
    """Head, todos and counts agree in every load: the list of n todos stands at offset n + 2."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    loader = WarmLoader(store.database)
    other = await open_store(StoreSettings(postgresql_url))
    seen = set()

    async def write() -> None:
        for number in range(SMALL):
            await other.commit(ann, TodoCreate(list_id=list_id, title=f"todo {number}"))

    try:
        writing = asyncio.create_task(write())
        while not writing.done():
            warm = await loader.load(list_id, ann.id, whole=True)
            assert warm is not None
            offsets = sorted(todo.offset for todo in warm.state.todos.values())
            assert offsets == list(range(3, warm.offset + 1)) or not offsets
            assert warm.offset == len(offsets) + 2
            seen.add(warm.offset)
        await writing
    finally:
        await other.aclose()
    assert len(seen) > 2, "nothing was written meanwhile"


async def test_strangers_and_members_of_deleted_lists_load_nothing(
    store: Store, person: People
) -> None:
    """Asked for in one statement, each is judged in the name of who asks."""
    ann, eve = await person("ann"), await person("eve")
    mine, gone, theirs = [await new_list(store, each) for each in (ann, ann, eve)]
    await store.commit(ann, ListDelete(list_id=gone))
    loader = WarmLoader(store.database)
    asked = [(mine, ann), (mine, eve), (gone, ann), (theirs, ann), (theirs, eve)]
    loaded = await asyncio.gather(
        *(loader.load(list_id, each.id, whole=False) for list_id, each in asked)
    )
    assert [warm is not None for warm in loaded] == [True, False, False, False, True]


async def test_what_is_in_a_list_shows_to_no_other_identity(store: Store, person: People) -> None:
    """The function opens nothing by itself: the identity it sets ends with its statement."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    await WarmLoader(store.database).load(list_id, ann.id, whole=True)
    for _ in range(5):
        assert await store.database.fetch(Pool.APP, "SELECT * FROM todos") == []
        rows = await store.database.fetch(Pool.APP, "SELECT lockstep_me()")
        assert rows[0][0] is None


async def test_a_large_list_is_loaded_only_when_it_is_written_again(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trash counts too; a small one is warm at its first write."""
    monkeypatch.setattr("store.warm_load.SMALL", 3)
    ann = await person("ann")
    small, large = await new_list(store, ann), await new_list(store, ann)
    lanes = store._lanes
    assert lanes is not None
    for list_id, count in ((small, 3), (large, 4)):
        todo_ids = [await new_todo(store, ann, list_id) for _ in range(count)]
        await store.commit(ann, TodoDelete(todo_id=todo_ids[-1]))
        lanes._warm.drop(list_id)
    lanes._warm._missed.clear()

    await new_todo(store, ann, small)
    assert lanes._warm.get(small) is not None
    await new_todo(store, ann, large)
    assert lanes._warm.get(large) is None
    await new_todo(store, ann, large)
    warm = lanes._warm.get(large)
    assert warm is not None
    assert len(warm.state.todos) == 6
