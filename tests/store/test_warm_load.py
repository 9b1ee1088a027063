"""A list loaded in one round trip is exact at its offset, and only members can load it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from store import warm_load
from store.database import Pool
from store.engines import StoreSettings
from store.store import Store, open_store
from store.todo.commands import (
    ListDelete,
    MemberSet,
    TodoBlock,
    TodoCreate,
    TodoDelete,
    TodoMove,
    TodoUpdate,
)
from store.todo.model import Todo, todo_json
from store.warm_load import SMALL, WarmLoader
from tests.store.making import People, new_list, new_todo

CHANGE = {
    "changes": {"completed": True, "due_at": "2030-01-02T03:04:05.678+02:00", "notes": "ä\n€"},
}


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that loads lists."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


@pytest.mark.parametrize("page", [250, 7])
async def test_a_list_is_loaded_at_one_moment_while_another_replica_writes(
    store: Store, person: People, postgresql_url: str, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """Head, todos and counts agree in every load: the list of n todos stands at offset n + 2.

    In one round trip or page by page.
    """
    monkeypatch.setattr("store.warm_load._PAGE", page)
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


async def test_the_loop_has_its_turn_after_each_page_of_a_large_list(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many todos there are, no more than a page of them become objects at a time."""
    page, count = 12, 60
    monkeypatch.setattr("store.warm_load._PAGE", page)
    ann = await person("ann")
    list_id = await new_list(store, ann)
    for _ in range(count):
        await new_todo(store, ann, list_id)
    made, held, done = 0, [0], False
    build = warm_load._todo

    def counted(*given: Any) -> Todo:
        nonlocal made
        made += 1
        return build(*given)

    async def look_at_every_turn() -> None:
        nonlocal made
        while not done:
            await asyncio.sleep(0)
            held.append(made)
            made = 0

    monkeypatch.setattr(warm_load, "_todo", counted)
    looking = asyncio.create_task(look_at_every_turn())
    warm = await WarmLoader(store.database).load(list_id, ann.id, whole=True)
    done = True
    await looking
    assert warm is not None
    assert len(warm.state.todos) == sum(held) == count
    assert max(held) == page


async def test_a_list_loaded_page_by_page_is_the_same_list(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members, fields, trash and order are all there, however little fits on a page."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann)
    await store.commit(ann, MemberSet(list_id=list_id, username="bob", role="viewer"))
    ids = [await new_todo(store, ann, list_id) for _ in range(25)]
    await store.commit(ann, TodoBlock(todo_id=ids[3], by=ids[20]))
    await store.commit(ann, TodoMove(todo_id=ids[7], after=None))
    await store.commit(ann, TodoUpdate.model_validate(CHANGE | {"todo_id": ids[9]}))
    await store.commit(ann, TodoDelete(todo_id=ids[11]))
    loader = WarmLoader(store.database)
    at_once = await loader.load(list_id, ann.id, whole=True)
    assert at_once is not None
    for name, value in (("_PAGE", 4), ("_PAGE_BYTES", 1), ("_FEWEST", 2)):
        monkeypatch.setattr(warm_load, name, value)
        for reader in (ann, bob):
            paged = await loader.load(list_id, reader.id, whole=True)
            assert paged is not None
            assert paged.state == at_once.state
            assert paged._positions == at_once._positions
            assert {todo.id: todo_json(todo) for todo in paged.state.todos.values()} == {
                todo.id: todo_json(todo) for todo in at_once.state.todos.values()
            }


@pytest.mark.parametrize("whole", [False, True])
async def test_strangers_and_members_of_deleted_lists_load_nothing(
    store: Store, person: People, whole: bool
) -> None:
    """Asked for in one statement or page by page, each is judged in the name of who asks."""
    ann, eve = await person("ann"), await person("eve")
    mine, gone, theirs = [await new_list(store, each) for each in (ann, ann, eve)]
    await store.commit(ann, ListDelete(list_id=gone))
    loader = WarmLoader(store.database)
    asked = [(mine, ann), (mine, eve), (gone, ann), (theirs, ann), (theirs, eve)]
    loaded = await asyncio.gather(
        *(loader.load(list_id, each.id, whole=whole) for list_id, each in asked)
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
    lanes = store._commits._lanes
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
