"""Open the store over both engines, and make people to act in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid6 import uuid7

from store.actor import Actor
from store.append import create_log
from store.database import Pool
from store.engines import StoreSettings
from store.log_id import LogId
from store.migrate import migrate
from store.store import Store, open_store
from store.tables import users
from store.usernames import name_key

People = Callable[[str], Awaitable[Actor]]


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

    return make
