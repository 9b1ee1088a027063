"""What a login sees of its PostgreSQL, in a bounded time and without writing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.condition import look_at, read_condition
from store.database import Pool
from store.revisions import Revisions
from tests.servers.postgresql import LOGIN, TEMPLATE, PostgreSQL
from tests.servers.run import Run


async def test_a_server_with_the_schema_is_seen_whole(postgresql_url: str) -> None:
    """Everything that the service stands on can be read as its own login."""
    found = await read_condition(postgresql_url)

    assert (found.login, found.login_unbound, found.standby) == (LOGIN, False, False)
    assert found.version >= 150_000
    assert found.version_shown.startswith(str(found.version // 10_000))
    assert found.revision == Revisions().newest
    assert found.readable
    assert found.epoch
    assert found.roles.keys() == {pool.value for pool in Pool}
    assert all(role.open and not role.unbound for role in found.roles.values())
    assert found.dangers == ()
    assert found.encoding == "UTF8"
    assert 0 < found.connections < 200  # max_connections, less what superusers keep


async def test_an_empty_database_has_no_revision(empty_postgresql_url: str) -> None:
    """Nothing is there, which is no failure."""
    found = await read_condition(empty_postgresql_url)
    assert (found.revision, found.readable, found.epoch) == (None, True, None)


@pytest.mark.parametrize("seconds", [-7.0, 7.0])
async def test_clocks_are_compared_less_the_time_it_takes(
    postgresql_url: str, seconds: float
) -> None:
    """On one machine they agree however long the question took; one that is off is told by sign."""
    assert (await read_condition(postgresql_url)).clock_s == 0.0

    def off() -> datetime:
        return datetime.now(UTC) - timedelta(seconds=seconds)

    ahead = (await read_condition(postgresql_url, off)).clock_s
    assert ahead * seconds > 0
    assert abs(ahead) <= 7.0  # never more than it is


async def test_limits_of_login_and_database_count(
    postgresql: PostgreSQL, postgresql_url: str
) -> None:
    """The narrowest is what there is."""
    name = postgresql_url.rpartition("/")[2]
    postgresql.sql(f"ALTER DATABASE {name} CONNECTION LIMIT 7")
    assert (await read_condition(postgresql_url)).connections == 7


async def test_what_is_set_for_the_database_alone_is_seen(
    postgresql: PostgreSQL, postgresql_url: str
) -> None:
    """Not only what postgresql.conf says."""
    name = postgresql_url.rpartition("/")[2]
    postgresql.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    postgresql.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    found = await read_condition(postgresql_url)
    assert found.dangers == ("synchronous_commit",)
    assert found.read_only


async def test_a_look_is_cut_when_its_time_is_over(postgresql_url: str) -> None:
    """Whatever the server does; the connection is gone afterwards."""

    async def look_long() -> None:
        async with look_at(postgresql_url, 0.2) as connection:
            await connection.execute(text("SET statement_timeout = 0"))
            await connection.execute(text("SELECT pg_sleep(100)"))

    with pytest.raises((DBAPIError, OSError)):
        await look_long()


async def test_a_frozen_server_is_left_in_time(run: Run, own_postgresql: PostgreSQL) -> None:
    """Neither connecting nor hanging up waits for it."""
    assert own_postgresql.process is not None
    own_postgresql.process.pause()
    try:
        with pytest.raises((DBAPIError, OSError)):
            await read_condition(own_postgresql.url(TEMPLATE))
    finally:
        own_postgresql.process.resume()
