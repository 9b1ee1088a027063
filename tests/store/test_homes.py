"""The list of a todo is found in the name of who asks, and remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from store.engines import StoreSettings
from store.homes import Homes
from store.store import Store, open_store
from store.todo.commands import TodoDelete
from tests.store.making import People, new_list, new_todo


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that needs homes."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


async def test_only_members_find_the_list_of_a_todo(store: Store, person: People) -> None:
    """Asked in the same moment, each is judged for itself."""
    ann, eve = await person("ann"), await person("eve")
    list_id = await new_list(store, ann)
    todo_id = await new_todo(store, ann, list_id)
    homes = Homes(store.database)
    asked = [(todo_id, eve), (uuid4(), ann), (todo_id, ann), (todo_id, eve)]
    found = await asyncio.gather(
        *(homes.of(TodoDelete(todo_id=each), actor.id) for each, actor in asked)
    )
    assert found == [None, None, list_id, None]
    await homes.aclose()


async def test_no_more_homes_are_remembered_than_the_bound(store: Store, person: People) -> None:
    """Beyond it all are forgotten and found anew."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    homes = Homes(store.database, bound=2)
    for _ in range(5):
        todo_id = await new_todo(store, ann, list_id)
        for _ in range(2):
            assert await homes.of(TodoDelete(todo_id=todo_id), ann.id) == list_id
        assert len(homes._known) <= 2
