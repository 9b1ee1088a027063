"""Three replicas on Unix sockets with Nginx in front, shared by the tests of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Protocol

import pytest

from tests.nginx.visitor import Visitor
from tests.servers.apart import apart
from tests.servers.fixtures import _REPLICAS, _make_template
from tests.servers.nginx import NAME, Nginx
from tests.servers.node import NodeClient
from tests.servers.ports import free_port
from tests.servers.postgresql import TEMPLATE, PostgreSQL
from tests.servers.python_client import PythonClient
from tests.servers.redis import RedisServer
from tests.servers.run import Run
from tests.servers.sdk_client import SdkClient
from tests.servers.unix_replica import UnixReplica


class StartNginx(Protocol):
    """Start an Nginx of the test's own."""

    def __call__(self, *addresses: str, **values: str) -> Nginx:
        """Give it once it listens; no ``addresses``: the replicas that tests share."""


class Arrive(Protocol):
    """Make a person with an account."""

    def __call__(self, nginx: Nginx, name: str = "ann") -> Awaitable[Visitor]:
        """Give the person, logged in through ``nginx``."""


class Connect(Protocol):
    """Connect a person's device through Nginx, with an official SDK."""

    def __call__(
        self, sdk: str, visitor: Visitor, *, through: Nginx | None = None
    ) -> Awaitable[SdkClient]:
        """Give it once it is connected.

        ``sdk`` is ``python``, ``javascript``, or ``stream``: the latter over HTTP streaming.
        ``through`` None: the visitor's own Nginx.
        """


@pytest.fixture(scope="session")
def edge_port() -> int:
    """Give the port that ``edge`` will have: the replicas must know the page's origin."""
    return free_port()


@pytest.fixture(scope="session")
def trio(
    run: Run, postgresql: PostgreSQL, redis_server: RedisServer, edge_port: int
) -> Iterator[list[UnixReplica]]:
    """Give three replicas; a test that hurts one leaves it running."""
    run.once("postgresql-template", lambda: _make_template(postgresql))
    database = postgresql.create_database(template=TEMPLATE)

    async def start() -> list[UnixReplica]:
        made = [
            UnixReplica.start(
                run,
                DATABASE_URL=postgresql.url(database),
                REDIS_URL=redis_server.url(),
                NAMESPACE=database[:32],
                RATE_LIMITS="off",
                ALLOWED_ORIGINS=f"https://{NAME}:{edge_port}",
            )
            for _ in range(3)
        ]
        return list(await asyncio.gather(*made))

    replicas = apart(start)
    yield replicas
    for replica in replicas:
        apart(replica.kill)
    postgresql.drop_database(database)


@pytest.fixture(scope="session")
def addresses(trio: list[UnixReplica]) -> list[str]:
    """Give the replicas' addresses as Nginx writes them."""
    return [f"unix:{replica.path}" for replica in trio]


@pytest.fixture(scope="session")
def edge(run: Run, addresses: list[str], edge_port: int) -> Iterator[Nginx]:
    """Give the Nginx before the replicas that tests share; never stop, kill or reload it."""
    made = Nginx.start(run, addresses, port=edge_port)
    yield made
    made.close()


@pytest.fixture
def start_nginx(run: Run, request: pytest.FixtureRequest) -> Iterator[StartNginx]:
    """Give a function that starts Nginx with values of the test's own."""
    started: list[Nginx] = []

    def start(*addresses: str, **values: str) -> Nginx:
        before = addresses or request.getfixturevalue("addresses")
        started.append(Nginx.start(run, before, port=None, **values))
        return started[-1]

    yield start
    for nginx in started:
        nginx.close()


@pytest.fixture
async def arrive() -> AsyncIterator[Arrive]:
    """Give a function that makes people; their connections are closed in the end."""
    made: list[Visitor] = []

    async def make(nginx: Nginx, name: str = "ann") -> Visitor:
        made.append(await Visitor.arrive(nginx, name))
        return made[-1]

    yield make
    for visitor in made:
        await visitor.http.aclose()


@pytest.fixture
async def connect(run: Run, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Give a function that connects devices; they are ended in the end."""
    started: list[SdkClient] = []

    async def make(sdk: str, visitor: Visitor, *, through: Nginx | None = None) -> SdkClient:
        nginx, options = through or visitor.nginx, {}
        client: SdkClient
        if sdk == "python":
            client = PythonClient()
            options["ssl_context"] = nginx.trust()
        else:
            monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(nginx.authority))
            client = await NodeClient.start(run, speaks="stream" if sdk == "stream" else "json")
        started.append(client)
        client.answers["token"] = visitor.refresh
        await client.do("connect", url=nginx.websocket, token=visitor.access_token, options=options)
        await client.event("connected")
        return client

    yield make
    for client in started:
        await client.aclose()


@pytest.fixture(autouse=True)
def _logs(request: pytest.FixtureRequest) -> None:
    """Have the replicas' logs in the report of a test that failed."""
    if "trio" in request.fixturenames:
        request.node.stash[_REPLICAS] = request.getfixturevalue("trio")
