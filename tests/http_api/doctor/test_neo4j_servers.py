"""`lockstep doctor` on real Neo4j servers: well, all is ok; each fault is one line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http_api.doctor.doctor import (
    ORIGINS,
    PASSWORD,
    Told,
    examined,
    examined_with,
    something_else,
)
from tests.servers.deadline import eventually
from tests.servers.fixtures import StartReplica
from tests.servers.neo4j import Neo4jServer
from tests.servers.person import Person
from tests.servers.ports import free_port
from tests.servers.run import Run
from tests.servers.worker import Worker

# Several looks each, at servers that are started for them.
pytestmark = pytest.mark.timeout(400)


async def test_a_healthy_neo4j_and_its_worker_are_ok(
    tmp_path: Path, run: Run, neo4j_server: Neo4jServer, postgresql_url: str, redis_url: str,
    namespace: str, start_replica: StartReplica,
) -> None:  # fmt: skip
    """Before there is a worker that is said; with one, the graph has all there is."""
    settings = {
        "DATABASE_URL": postgresql_url, "REDIS_URL": redis_url, "NAMESPACE": namespace,
        "NEO4J_URL": neo4j_server.url,
    }  # fmt: skip
    replica = await start_replica(**settings)
    ann = await Person.register(replica)
    await ann.add_todo(await ann.make_list(), "milk")
    worker = await Worker.start(run, **settings)
    try:

        async def follows() -> Told | None:
            found = await examined(tmp_path, **settings, **ORIGINS)
            return found if not found.bad() else None

        told = await eventually(follows, "the graph follows", within_s=90)
        assert "kept up by 1" in told.line("graph contents")["says"]
        assert "lists" in told.line("graph contents")["says"]
        assert told.status == 0
    finally:
        await worker.stop()

    told = await examined(tmp_path, **settings, **ORIGINS)
    assert told.bad() == [("wrong", "graph contents")]
    assert "lockstep worker" in told.line("graph contents")["advice"]
    assert told.status == 1


async def test_a_neo4j_that_is_away_is_one_line(
    tmp_path: Path, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """Nothing there, or something else."""
    more = {"NAMESPACE": namespace, "NEO4J_USER": "neo4j", "NEO4J_PASSWORD": PASSWORD}
    url = f"bolt://127.0.0.1:{free_port()}"
    told = await examined_with(tmp_path, postgresql_url, redis_url, NEO4J_URL=url, **more)
    assert told.bad() == [("wrong", "neo4j")]
    with something_else() as port:
        url = f"bolt://127.0.0.1:{port}"
        told = await examined_with(tmp_path, postgresql_url, redis_url, NEO4J_URL=url, **more)
        assert told.bad() == [("wrong", "neo4j")]


@pytest.fixture
async def locked_neo4j(run: Run) -> AsyncIterator[Neo4jServer]:
    """Give a Neo4j of this test's own that asks for a password, without any schema."""
    server = await asyncio.to_thread(Neo4jServer.start, run, PASSWORD)
    yield server
    await asyncio.to_thread(server.remove)


async def test_what_a_neo4j_of_its_own_may_have_wrong(
    tmp_path: Path, locked_neo4j: Neo4jServer, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """No schema yet; no login; a wrong password; frozen: each its line."""
    server = locked_neo4j

    async def told_with(**login: str) -> Told:
        return await examined_with(
            tmp_path, postgresql_url, redis_url, NAMESPACE=namespace, NEO4J_URL=server.url, **login
        )

    good = {"NEO4J_USER": "neo4j", "NEO4J_PASSWORD": PASSWORD}

    async def compiled() -> Told | None:
        found = await told_with(**good)  # the first questions take seconds on a busy machine
        return found if found.bad() != [("wrong", "neo4j")] else None

    told = await eventually(compiled, "its first answers", within_s=90)
    assert told.bad() == [("wrong", "neo4j schema")]
    assert "lockstep worker" in told.line("neo4j schema")["advice"]
    assert server.query("SHOW CONSTRAINTS YIELD name RETURN name") == []  # nothing was made

    for login in ({}, {"NEO4J_USER": "neo4j", "NEO4J_PASSWORD": f"{PASSWORD}-not"}):
        told = await told_with(**login)
        assert told.bad() == [("wrong", "neo4j")]
        assert "does not let us in" in told.line("neo4j")["says"]

    assert server.process is not None
    server.process.pause()
    told = await told_with(**good)
    server.process.resume()
    assert told.bad() == [("wrong", "neo4j")]
