"""Tests of the PostgreSQL that the tests use."""

from __future__ import annotations

import asyncpg
import pytest

from tests.servers.deadline import wait_until
from tests.servers.postgresql import PostgreSQL
from tests.servers.run import Run


async def test_it_keeps_what_it_acknowledged(postgresql: PostgreSQL) -> None:
    """Durability is on: tests of lost writes would prove nothing without."""
    assert postgresql.sql("SHOW fsync") == ["on"]
    assert postgresql.sql("SHOW synchronous_commit") == ["on"]
    assert postgresql.sql("SHOW full_page_writes") == ["on"]


async def test_each_test_has_a_database_of_its_own(
    postgresql: PostgreSQL, empty_postgresql_url: str
) -> None:
    """What one test writes, another does not see."""
    other = postgresql.create_database()
    first = await asyncpg.connect(empty_postgresql_url)
    second = await asyncpg.connect(postgresql.url(other))
    try:
        await first.execute("CREATE TABLE mine (x int)")

        assert await second.fetchval("SELECT to_regclass('mine')") is None
    finally:
        await first.close()
        await second.close()
        postgresql.drop_database(other)


async def test_the_login_is_bound_by_row_level_security(empty_postgresql_url: str) -> None:
    """A superuser would pass every policy unseen."""
    connection = await asyncpg.connect(empty_postgresql_url)
    try:
        login = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
    finally:
        await connection.close()

    assert tuple(login) == (False, False)


def test_a_refused_statement_says_why(postgresql: PostgreSQL) -> None:
    """The server's own words reach the test's report."""
    with pytest.raises(RuntimeError, match='relation "nowhere" does not exist'):
        postgresql.sql("SELECT * FROM nowhere")


def test_a_killed_server_comes_back_with_its_data(run: Run) -> None:
    """Kill -9 of the server and of all it started, then a start on the same data."""
    cluster = PostgreSQL.start(run)
    assert cluster.process is not None
    cluster.sql("CREATE TABLE kept AS SELECT 42 AS x")

    cluster.process.kill()
    assert not cluster.is_ready()
    cluster.launch(run)

    assert cluster.sql("SELECT x FROM kept") == ["42"]
    assert cluster.process.stop() == 0
    wait_until(lambda: not cluster.is_ready(), "it is gone")
