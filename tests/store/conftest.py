"""Open the store over both engines, and make people to act in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from store.actor import Actor
from store.engines import StoreSettings
from store.migrate import migrate
from store.store import Store, open_store
from tests.store.making import People, make_person


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Name a migrated, empty database of each engine in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """Open a store over a fresh database."""
    await migrate(database_url)
    opened = await open_store(StoreSettings(database_url))
    yield opened
    await opened.aclose()


@pytest.fixture
def person(store: Store) -> People:
    """Make accounts: call it with a name, get the actor."""

    async def make(username: str) -> Actor:
        return await make_person(store, username)

    return make
