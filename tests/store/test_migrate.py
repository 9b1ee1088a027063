"""Migrations arrive at exactly the tables that the code describes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from store.engines import StoreSettings, async_url
from store.migrate import migrate
from store.revisions import Revisions
from store.roles import UnboundRoleError, demand_bound_role
from store.store import open_store
from store.tables import metadata
from tests.servers.postgresql import PostgreSQL


@pytest.fixture(params=["empty_sqlite", "empty_postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """Name a database without any table, of each engine in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def differences(connection: Connection) -> list[Any]:
    """Ask what a further migration would have to do."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_the_schema_equals_the_migrations(empty_url: str) -> None:
    """No table, column, index or constraint is described in one place only."""
    made = await migrate(empty_url)
    assert (made.before, made.after) == (None, Revisions().newest)
    engine = create_async_engine(async_url(empty_url), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_migrating_again_and_from_several_places_at_once_is_harmless(
    empty_postgresql_url: str,
) -> None:
    """Replicas that start together may all try."""
    made = await asyncio.gather(*(migrate(empty_postgresql_url) for _ in range(4)))
    assert sorted(migration.before is None for migration in made) == [False, False, False, True]
    assert {migration.after for migration in made} == {Revisions().newest}


async def test_the_epoch_outlives_a_restart_and_differs_between_databases(
    sqlite_url: str, empty_sqlite_url: str
) -> None:
    """A position of one database never matches another."""
    await migrate(empty_sqlite_url)
    epochs = []
    for url in (sqlite_url, sqlite_url, empty_sqlite_url):
        store = await open_store(StoreSettings(url))
        epochs.append(store.epoch)
        await store.aclose()
    assert epochs[0] == epochs[1]
    assert "-" not in epochs[0]


async def test_a_superuser_is_refused_where_a_bound_role_is_due(
    postgresql: PostgreSQL, postgresql_url: str
) -> None:
    """The service never runs where row-level security would not bind it."""
    url = async_url(postgresql_url).set(username="postgres", password=None)
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        with pytest.raises(UnboundRoleError, match="superuser"):
            await demand_bound_role(connection)
    await engine.dispose()


async def test_a_superusers_login_is_bound_by_the_pools_roles(postgresql_url: str) -> None:
    """One URL is enough to begin with: the pool's start-up parameter makes it a plain role."""
    url = async_url(postgresql_url).set(drivername="postgresql", username="postgres", password=None)
    store = await open_store(StoreSettings(url.render_as_string(hide_password=False)))
    await store.aclose()


async def test_a_directory_made_for_sqlite_is_its_owners_alone(tmp_path: Path) -> None:
    """The file has password hashes in it, whatever command came first."""
    await migrate(f"sqlite:///{tmp_path / 'new' / 'lockstep.db'}")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
