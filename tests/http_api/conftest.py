"""The service over both engines, and three people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.http_api.service import Service, Someone, serving
from tests.servers.fixtures import _make_template
from tests.servers.postgresql import TEMPLATE, PostgreSQL
from tests.servers.run import Run


@pytest.fixture(scope="session")
def shared_postgresql_url(run: Run, postgresql: PostgreSQL) -> Iterator[str]:
    """Give one migrated database for all tests of this process: people and lists are their own.

    A database each would take a second a test.
    """
    run.once("postgresql-template", lambda: _make_template(postgresql))
    name = postgresql.create_database(template=TEMPLATE)
    yield postgresql.url(name)
    postgresql.drop_database(name)


@pytest.fixture(params=["sqlite-memory", "postgresql-redis"])
async def service(request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    """Give the running service: embedded, and with real servers."""
    if request.param == "sqlite-memory":
        settings = {"database_url": request.getfixturevalue("sqlite_url")}
    else:
        settings = {
            "database_url": request.getfixturevalue("shared_postgresql_url"),
            "database_pool_size": 2,
            "redis_url": request.getfixturevalue("redis_url"),
            "namespace": request.getfixturevalue("namespace"),
        }
    async with serving(**settings) as running:
        yield running


@pytest.fixture
async def embedded(sqlite_url: str) -> AsyncIterator[Service]:
    """Give the service on SQLite alone, for what has nothing to do with engines."""
    async with serving(database_url=sqlite_url) as running:
        yield running


@pytest.fixture
async def ann(service: Service) -> Someone:
    """Give the one who makes lists."""
    return await service.register("ann")


@pytest.fixture
async def bob(service: Service) -> Someone:
    """Give the one who is let in."""
    return await service.register("bob")


@pytest.fixture
async def eve(service: Service) -> Someone:
    """Give the one who is not."""
    return await service.register("eve")
