"""Services with a graph in Neo4j: one that all tests of a module share, and one's own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Protocol

import pytest

from tests.graph_service.graph_service import GraphService
from tests.servers.apart import apart
from tests.servers.fixtures import _REPLICAS, _make_template
from tests.servers.neo4j import Neo4jServer
from tests.servers.postgresql import TEMPLATE, PostgreSQL
from tests.servers.redis import RedisServer
from tests.servers.run import Run


@pytest.fixture(scope="module")
def shared(
    run: Run, postgresql: PostgreSQL, redis_server: RedisServer, neo4j_server: Neo4jServer
) -> Iterator[GraphService]:
    """Start two replicas and two workers for a module's tests; see ``service``."""
    run.once("postgresql-template", lambda: _make_template(postgresql))
    name = postgresql.create_database(template=TEMPLATE)
    graph = f"t-{uuid.uuid4().hex[:24]}"
    service = GraphService.on(
        run, neo4j_server, postgresql.url(name), graph, REDIS_URL=redis_server.url()
    )
    try:
        apart(service.start)
        yield service
    finally:
        apart(service.close)
        postgresql.drop_database(name)


@pytest.fixture
def service(shared: GraphService, request: pytest.FixtureRequest) -> GraphService:
    """Give the service of the module: do not hurt it, and make people of your own."""
    request.node.stash[_REPLICAS] = shared.replicas
    return shared


class StartService(Protocol):
    """Start a service of the test's own."""

    def __call__(
        self, neo4j: Neo4jServer, /, *, replicas: int = 2, workers: int = 2, **settings: str
    ) -> Awaitable[GraphService]:
        """Give it once everybody is ready; ``settings`` are named without their prefix."""


@pytest.fixture
async def start_service(
    run: Run, postgresql_url: str, namespace: str, request: pytest.FixtureRequest
) -> AsyncIterator[StartService]:
    """Give a function that starts a service, which may be hurt; it is ended in the end."""
    started: list[GraphService] = []

    async def start(
        neo4j: Neo4jServer, /, *, replicas: int = 2, workers: int = 2, **settings: str
    ) -> GraphService:
        service = GraphService.on(run, neo4j, postgresql_url, namespace, **settings)
        started.append(service)
        await service.start(replicas=replicas, workers=workers)
        request.node.stash[_REPLICAS] = service.replicas
        return service

    yield start
    for service in started:
        await service.close()
