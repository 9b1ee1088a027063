"""Tests of how a transaction ends when Neo4j is away, says nothing, or finds fault."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from neo4j import AsyncManagedTransaction
from neo4j.exceptions import (
    ClientError,
    ConnectionAcquisitionTimeoutError,
    ConstraintError,
    CypherSyntaxError,
)
from structlog.testing import capture_logs

from store.errors import GraphUnavailable
from store.graph.breaker import Breaker
from store.graph.graph_neo4j import Neo4jSettings
from store.graph.neo4j_session import Neo4jSession
from tests.servers.neo4j import Neo4jServer
from tests.servers.ports import free_port
from tests.servers.run import Run

# The driver forgets a socket whose opening is given up just after it was connected.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Have what the driver forgot collected here, not in the middle of another test."""
    yield
    gc.collect()


@asynccontextmanager
async def opened(settings: Neo4jSettings) -> AsyncIterator[Neo4jSession]:
    """Open a session for as long as a block lasts."""
    session = Neo4jSession(settings)
    yield session
    await session.aclose()


def is_open(breaker: Breaker) -> bool:
    """Tell it anew each time."""
    return breaker.open


def away(**others: float) -> Neo4jSettings:
    """Name a server that is not there."""
    settings = Neo4jSettings(f"bolt://127.0.0.1:{free_port()}", retry_s=0.0, failures=2)
    return replace(settings, **others)  # type: ignore[arg-type]


def test_a_password_is_not_in_what_is_logged() -> None:
    """Settings are logged when something is wrong with them."""
    assert "hunter2" not in repr(Neo4jSettings("bolt://127.0.0.1:1", "ann", "hunter2"))


async def test_a_server_that_is_away_is_not_asked_for_long() -> None:
    """Then the breaker refuses at once."""
    async with opened(away()) as session:
        with capture_logs() as said:
            for _ in range(2):
                assert not is_open(session.breaker)
                assert said == []
                with pytest.raises(GraphUnavailable):
                    await session.read_rows("RETURN 1", {})
            assert is_open(session.breaker)
            with pytest.raises(GraphUnavailable) as refused:
                await session.write_rows("RETURN 1", {})
        assert 50 < refused.value.retry_after_s <= 60
        assert [(one["event"], one["reason"]) for one in said] == [("graph_away", "unreachable")]


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
@pytest.mark.parametrize(
    "bounds",
    [
        {"connect_s": 0.2, "read_s": 0.2},
        {"acquire_s": 0.2, "read_s": 0.2},
        {"give_up_s": 0.2, "read_s": 0.2},
    ],
)
async def test_a_server_that_says_nothing_or_nonsense_is_given_up(
    greeting: bytes, bounds: dict[str, float]
) -> None:
    """In bounded time, and it counts."""
    silent = asyncio.Event()

    async def keep_quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await silent.wait()
        writer.close()

    async with await asyncio.start_server(keep_quiet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = away(**bounds)
        async with opened(replace(settings, url=f"bolt://127.0.0.1:{port}")) as session:
            for _ in range(2):
                with pytest.raises(GraphUnavailable):
                    await session.read_rows("RETURN 1", {})
            assert is_open(session.breaker)
        silent.set()


async def test_what_takes_too_long_is_ended_by_the_server(neo4j_settings: Neo4jSettings) -> None:
    """Nothing goes on there that nobody waits for any more."""
    async with opened(replace(neo4j_settings, read_s=0.5, retry_s=0.0)) as session:
        with pytest.raises(GraphUnavailable):
            await session.read_rows("UNWIND range(1, 10000000000) AS n RETURN max(n)", {})


async def test_a_question_that_asks_too_much_tells_nothing_of_the_server(
    neo4j_settings: Neo4jSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives it up has heard meanwhile that the server is there; others ask on."""
    monkeypatch.setattr("store.graph.patience._DOUBT", 0.05)
    settings = replace(neo4j_settings, failures=1, give_up_s=5.0, read_s=6.0)
    async with opened(settings) as session:
        with pytest.raises(GraphUnavailable):
            await session.read_rows("UNWIND range(1, 10000000000) AS n RETURN max(n)", {})
        assert not is_open(session.breaker)


async def test_waiting_for_a_connection_of_ours_tells_nothing_of_the_server(
    neo4j_settings: Neo4jSettings,
) -> None:
    """All of them are in use; that is our doing."""
    async with opened(replace(neo4j_settings, failures=1, connections=1, acquire_s=0.2)) as session:
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def hold(transaction: AsyncManagedTransaction) -> None:
            await (await transaction.run("RETURN 1")).consume()
            reached.set()
            await go_on.wait()

        held = asyncio.create_task(session.read(hold))
        await reached.wait()
        with pytest.raises(GraphUnavailable) as refused:
            await session.read_rows("RETURN 1", {})
        assert isinstance(refused.value.__cause__, ConnectionAcquisitionTimeoutError)
        go_on.set()
        await held
        assert not is_open(session.breaker)


async def test_a_mistake_of_ours_is_not_hidden(neo4j_settings: Neo4jSettings) -> None:
    """It surfaces as what it is, and the server is asked on."""
    async with opened(replace(neo4j_settings, failures=1)) as session:
        with pytest.raises(CypherSyntaxError):
            await session.read_rows("RETRUN 1", {})
        with pytest.raises(ClientError):
            await session.read_rows("RETURN $missing", {})
        number = {"number": -abs(hash(neo4j_settings.graph))}
        await session.write_rows("CREATE CONSTRAINT lockstep_number IF NOT EXISTS"
                                 " FOR (g:Generation) REQUIRE g.number IS UNIQUE", {})  # fmt: skip
        await session.write_rows("CREATE (:Generation {number: $number})", number)
        with pytest.raises(ConstraintError):
            await session.write_rows("CREATE (:Generation {number: $number})", number)
        await session.write_rows("MATCH (g:Generation {number: $number}) DELETE g", number)
        assert not is_open(session.breaker)
        assert await session.read_rows("RETURN 1 AS one", {}) == [{"one": 1}]


class _Removed(ClientError):
    """Be what the server says when a node goes between being found and being read."""

    code = "Neo.ClientError.Statement.EntityNotFound"


async def test_what_is_removed_while_it_is_read_is_asked_for_again_soon(
    neo4j_settings: Neo4jSettings,
) -> None:
    """Others write meanwhile: that is no mistake of ours, and the server is there."""

    async def read(_: AsyncManagedTransaction) -> None:
        raise _Removed

    async with opened(replace(neo4j_settings, failures=1)) as session:
        with pytest.raises(GraphUnavailable):
            await session.read(read)
        assert not is_open(session.breaker)
        assert await session.read_rows("RETURN 1 AS one", {}) == [{"one": 1}]


async def test_a_server_without_its_database_is_still_starting(
    neo4j_settings: Neo4jSettings,
) -> None:
    """It answers, and has nothing to answer from yet."""
    async with opened(replace(neo4j_settings, failures=1, database="nowhere")) as session:
        with pytest.raises(GraphUnavailable):
            await session.read_rows("RETURN 1", {})
        assert is_open(session.breaker)


async def test_a_transaction_that_fails_leaves_nothing(neo4j_settings: Neo4jSettings) -> None:
    """All or nothing, also when it is cancelled in the middle."""
    async with opened(neo4j_settings) as session:
        name = {"name": neo4j_settings.graph}
        reached = asyncio.Event()

        async def write_and_wait(transaction: AsyncManagedTransaction) -> None:
            await (await transaction.run("CREATE (:Label {name: $name})", name)).consume()
            reached.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(session.write(write_and_wait))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        found = await session.read_rows(
            "MATCH (l:Label) WHERE l.name = $name RETURN count(*) AS count", name
        )
        assert found == [{"count": 0}]
        assert not is_open(session.breaker)


@pytest.mark.faults
async def test_a_frozen_server_is_given_up_and_found_again(
    own_neo4j: Neo4jServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections are open, answers do not come; afterwards one question finds that they do."""
    assert own_neo4j.process is not None
    settings = Neo4jSettings(own_neo4j.url, retry_s=0.0, failures=2, read_s=60.0)
    async with opened(settings) as session:
        assert await session.read_rows("RETURN 1 AS one", {}) == [{"one": 1}]

    async with opened(replace(settings, give_up_s=3.0)) as session:
        own_neo4j.process.pause()
        for _ in range(2):
            with pytest.raises(GraphUnavailable):
                await session.read_rows("RETURN 1", {})
        assert is_open(session.breaker)
        own_neo4j.process.resume()
        own_neo4j.wait_until_ready()
        monkeypatch.setattr("circuitbreaker.monotonic", lambda: 1e12)
        assert not is_open(session.breaker)
        with capture_logs() as said:
            for _ in range(2):
                assert await session.read_rows("RETURN 1 AS one", {}) == [{"one": 1}]
        assert [one["event"] for one in said] == ["graph_back"]


@pytest.mark.faults
@pytest.mark.timeout(400)
async def test_a_wrong_password_is_tried_once(run: Run) -> None:
    """The server locks an account after some tries; nothing is gained by more."""
    server = Neo4jServer.start(run, password="the right one")
    try:
        settings = Neo4jSettings(server.url, "neo4j", "the right one", read_s=60.0)
        async with opened(settings) as session:
            assert await session.read_rows("RETURN 1 AS one", {}) == [{"one": 1}]
        for wrong in (replace(settings, password="another"), replace(settings, user=None)):
            async with opened(wrong) as session:
                with capture_logs() as said, pytest.raises(GraphUnavailable) as refused:
                    await session.read_rows("RETURN 1", {})
                assert [one["reason"] for one in said] == ["unauthorized"]
                assert is_open(session.breaker)
                assert refused.value.retry_after_s > 50
    finally:
        server.remove()
