"""Fixtures: real servers, started when a test first asks for one, once per run."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser

from tests.servers.apart import apart
from tests.servers.chromium import chromium
from tests.servers.java import start_java
from tests.servers.neo4j import Neo4jServer
from tests.servers.node import NodeClient
from tests.servers.postgresql import LOGIN, TEMPLATE, PostgreSQL
from tests.servers.reaper import Reaper
from tests.servers.redis import DATABASES, RedisServer
from tests.servers.redis_cluster import RedisCluster
from tests.servers.replica import Replica
from tests.servers.run import Run
from tests.servers.sdk_client import SdkClient

_RUN = pytest.StashKey[Run]()
_REAPER = pytest.StashKey[Reaper]()
_REPLICAS = pytest.StashKey[list[Replica]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's directory, or join the one of the process that leads the run."""
    joined: dict[str, Any] | None = getattr(config, "workerinput", None)
    if joined is not None:
        config.stash[_RUN] = Run(Path(joined["lockstep_run"]))
        return
    directory = Path(tempfile.mkdtemp(prefix="lockstep-tests-"))
    directory.chmod(0o711)  # PostgreSQL runs as another user and has to reach its data in there
    config.stash[_RUN] = Run(directory)
    config.stash[_REAPER] = Reaper(config.stash[_RUN])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a test process of pytest-xdist which run it belongs to."""
    node.workerinput["lockstep_run"] = str(node.config.stash[_RUN].directory)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests on Neo4j more time: the first may have to wait for it."""
    for item in items:
        if _wants_neo4j(item) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start Neo4j at once where a test wants it: it gets ready while others run."""
    if any(map(_wants_neo4j, session.items)):
        with suppress(pytest.skip.Exception, pytest.fail.Exception):  # said where it is missed
            _launch_neo4j(session.config.stash[_RUN])


def pytest_unconfigure(config: pytest.Config) -> None:
    """End every process of the run."""
    reaper = config.stash.get(_REAPER, None)
    if reaper is not None:
        reaper.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the logs of a failed test's replicas to its report."""
    report = yield
    if report.failed:
        for replica in item.stash.get(_REPLICAS, []):
            report.sections.append((f"log of {replica.origin}", replica.log()))
    return report


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """Give the run that this test process belongs to."""
    return pytestconfig.stash[_RUN]


# PostgreSQL


@pytest.fixture(scope="session")
def postgresql(run: Run) -> PostgreSQL:
    """Give the run's PostgreSQL: for all tests, so never stop, kill or reconfigure it."""

    def start() -> dict[str, Any]:
        made = PostgreSQL.start(run)
        if made.process is not None:
            made.process.leave_to_the_run()
        return {"port": made.port, "binaries": str(made.binaries), "data": str(made.data)}

    found = run.once("postgresql", start)
    return PostgreSQL(found["port"], Path(found["binaries"]), Path(found["data"]))


@pytest.fixture
def empty_postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """Give a database of this test's own, without any table."""
    name = postgresql.create_database()
    yield postgresql.url(name)
    postgresql.drop_database(name)


@pytest.fixture
def postgresql_url(run: Run, postgresql: PostgreSQL) -> Iterator[str]:
    """Give a database of this test's own with the newest schema, empty."""
    run.once("postgresql-template", lambda: _make_template(postgresql))
    name = postgresql.create_database(template=TEMPLATE)
    yield postgresql.url(name)
    postgresql.drop_database(name)


@pytest.fixture
def own_postgresql(run: Run) -> Iterator[PostgreSQL]:
    """Give a PostgreSQL of this test's own, to be killed, frozen or restarted.

    Its database ``lockstep_template`` has the newest schema: ``own_postgresql.url(TEMPLATE)``.
    """
    cluster = PostgreSQL.start(run)
    _make_template(cluster)
    yield cluster
    if cluster.process is not None:
        cluster.process.stop()  # a killed one would leave its shared memory behind
    shutil.rmtree(cluster.data)


@pytest.fixture
def standby(run: Run, own_postgresql: PostgreSQL) -> Iterator[PostgreSQL]:
    """Give a standby of ``own_postgresql``, to be killed, frozen or promoted."""
    server = own_postgresql.follow(run)
    yield server
    if server.process is not None:
        server.process.kill()
    shutil.rmtree(server.data)


def _make_template(cluster: PostgreSQL) -> dict[str, Any]:
    cluster.sql(f"DROP DATABASE IF EXISTS {TEMPLATE}")
    cluster.sql(f"CREATE DATABASE {TEMPLATE} OWNER {LOGIN} TEMPLATE template0")
    _migrate(cluster.url(TEMPLATE))
    return {}


# SQLite


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """Give the address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def sqlite_url(run: Run, tmp_path: Path) -> str:
    """Give a SQLite database of this test's own with the newest schema, empty."""
    template = run.directory / "template.db"

    def make() -> dict[str, Any]:
        for path in run.directory.glob("template.db*"):
            path.unlink()
        _migrate(f"sqlite:///{template}")
        return {}

    run.once("sqlite-template", make)
    for path in run.directory.glob("template.db*"):
        shutil.copy(path, tmp_path / path.name.replace("template", "lockstep"))
    return f"sqlite:///{tmp_path / 'lockstep.db'}"


def _migrate(url: str) -> None:
    from store.migrate import migrate

    apart(lambda: migrate(url))


# Redis


@pytest.fixture(scope="session")
def redis_server(run: Run) -> RedisServer:
    """Give the run's Redis: for all tests, so never stop, kill, flush or reconfigure it."""

    def start() -> dict[str, Any]:
        made = RedisServer.start(run)
        if made.process is not None:
            made.process.leave_to_the_run()
        return {"port": made.port}

    return RedisServer(run.once("redis", start)["port"])


@pytest.fixture
def namespace() -> str:
    """Give a word no other test has, for channels and keys on a server that tests share."""
    return f"t-{uuid.uuid4().hex[:24]}"


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Give a logical database of the run's Redis.

    Publish and subscribe go across logical databases: where that matters, put ``namespace`` into
    the channels or take ``own_redis``.
    """
    return redis_server.url(uuid.uuid4().int % DATABASES)


@pytest.fixture
def own_redis(run: Run) -> Iterator[RedisServer]:
    """Give a Redis of this test's own (30 ms), to be killed, frozen or flushed."""
    server = RedisServer.start(run)
    yield server
    if server.process is not None:
        server.process.kill()


@pytest.fixture(scope="session")
def redis_cluster_url(run: Run) -> str:
    """Give the run's Redis Cluster of three masters: for all tests, so never stop one.

    It has one key space: put ``namespace`` into channels and keys.
    """

    def start() -> dict[str, Any]:
        made = RedisCluster.start(run)
        for node in made.nodes:
            if node.process is not None:
                node.process.leave_to_the_run()
        return {"url": made.url}

    return str(run.once("redis-cluster", start)["url"])


@pytest.fixture
def own_redis_cluster(run: Run) -> Iterator[RedisCluster]:
    """Give a cluster of this test's own: three masters, and a replica of the first."""
    cluster = RedisCluster.start(run, replicas=1)
    yield cluster
    cluster.stop()


# Neo4j


@pytest.fixture(scope="session")
def neo4j_server(run: Run) -> Neo4jServer:
    """Give the run's Neo4j: for all tests, so never stop, kill, freeze or empty it.

    It has one database: keep to a generation or to ids of the test's own.
    """
    server = _launch_neo4j(run)
    server.wait_until_ready()
    return server


@pytest.fixture
def own_neo4j(run: Run) -> Iterator[Neo4jServer]:
    """Give a Neo4j of this test's own (5 s, 300 MB), to be killed, frozen or restarted."""
    server = Neo4jServer.start(run)
    yield server
    server.remove()


def _wants_neo4j(item: pytest.Item) -> bool:
    """Tell whether a test asks for it, by a fixture or as one of several that it is tried on."""
    fixtures = getattr(item, "fixturenames", ())
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return "neo4j_server" in fixtures or "own_neo4j" in fixtures or "neo4j" in parameters.values()


def _launch_neo4j(run: Run) -> Neo4jServer:
    def launch() -> dict[str, Any]:
        made = Neo4jServer.launch_new(run)
        if made.process is not None:
            made.process.leave_to_the_run()
        return {"port": made.port, "home": str(made.home), "pid": made.pid,
                "log": str(made.log_path)}  # fmt: skip

    found = run.once("neo4j", launch)
    return Neo4jServer(found["port"], Path(found["home"]), found["pid"], Path(found["log"]))


# The service and its clients


class StartReplica(Protocol):
    """Start a replica with settings, named without their prefix."""

    def __call__(self, kind: type[Replica] = Replica, /, **settings: str) -> Awaitable[Replica]:
        """Give it once it is ready."""


class StartClient(Protocol):
    """Start a client of an SDK."""

    def __call__(self) -> Awaitable[SdkClient]:
        """Give it, not connected yet."""


@pytest.fixture
async def start_replica(run: Run, request: pytest.FixtureRequest) -> AsyncIterator[StartReplica]:
    """Give a function that starts replicas; they are stopped in the end.

    When the test failed, their logs are part of its report.
    """
    started = request.node.stash.setdefault(_REPLICAS, [])

    async def start(kind: type[Replica] = Replica, /, **settings: str) -> Replica:
        replica = await kind.start(run, **settings)
        started.append(replica)
        return replica

    yield start
    for replica in started:
        await replica.kill()
        shutil.rmtree(replica.directory, ignore_errors=True)


@pytest.fixture
async def replica(start_replica: StartReplica) -> Replica:
    """Give one replica in the embedded default: SQLite, in-process bus."""
    return await start_replica()


@pytest.fixture
async def replicas(
    start_replica: StartReplica, postgresql_url: str, own_redis: RedisServer
) -> tuple[Replica, Replica]:
    """Give two replicas on one PostgreSQL and one Redis (``own_redis``: it may be killed)."""
    settings = {"DATABASE_URL": postgresql_url, "REDIS_URL": own_redis.url()}
    one, other = await asyncio.gather(start_replica(**settings), start_replica(**settings))
    return one, other


@pytest.fixture
async def start_node(run: Run) -> AsyncIterator[StartClient]:
    """Give a function that starts clients of the JavaScript SDK; they are ended in the end."""
    started: list[NodeClient] = []

    async def start() -> NodeClient:
        client = await NodeClient.start(run)
        started.append(client)
        return client

    yield start
    for client in started:
        await client.aclose()


@pytest.fixture(scope="session")
def java_port(run: Run) -> int:
    """Give the port of the run's program with the Java SDK; every connection is a client."""

    def start() -> dict[str, Any]:
        process, port = start_java(run)
        process.leave_to_the_run()
        return {"port": port}

    return int(run.once("java", start)["port"])


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Give a running Chromium."""
    async with chromium() as running:
        yield running
