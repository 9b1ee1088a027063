"""Open each kind of graph, empty."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from store.graph.graph import Graph
from store.graph.graph_memory import MemoryGraph
from store.graph.graph_neo4j import Neo4jGraph, Neo4jSettings
from tests.servers.apart import apart
from tests.servers.run import Run


@pytest.fixture
def neo4j_settings(request: pytest.FixtureRequest, namespace: str) -> Neo4jSettings:
    """Name a graph of this test's own on the run's Neo4j, on which every notice is an error.

    The server has notices for what is slow (a cartesian product, a walk without end) and for what
    is misspelled.
    """
    server = request.getfixturevalue("neo4j_server")
    run: Run = request.getfixturevalue("run")
    run.once("neo4j-schema", lambda: apart(lambda: _make_schema(server.url)))
    return Neo4jSettings(
        server.url,
        graph=namespace,
        notices="INFORMATION",
        # The first time that a query is asked takes a second; on a busy machine, ten times that.
        read_s=60.0,
        write_s=60.0,
    )


async def _make_schema(url: str) -> dict[str, str]:
    """Start a graph once before all others, so that no test meets a schema in the making."""
    # Before anything is warm, and while other tests have the processor.
    first = Neo4jGraph(Neo4jSettings(url, retry_s=30.0))
    await first.start()
    await first.aclose()
    return {}


@pytest.fixture
async def neo4j_graph(neo4j_settings: Neo4jSettings) -> AsyncIterator[Neo4jGraph]:
    """Open an empty graph on the run's Neo4j."""
    opened = Neo4jGraph(neo4j_settings)
    await opened.start()
    yield opened
    await opened.aclose()


@pytest.fixture(params=["memory", "neo4j"])
def open_graph(request: pytest.FixtureRequest) -> Callable[[], Graph]:
    """Give what opens a graph of each kind in turn, not started yet."""
    if request.param == "memory":
        return MemoryGraph
    settings: Neo4jSettings = request.getfixturevalue("neo4j_settings")
    return lambda: Neo4jGraph(settings)


@pytest.fixture
async def graph(open_graph: Callable[[], Graph]) -> AsyncIterator[Graph]:
    """Open an empty graph of each kind in turn."""
    opened = open_graph()
    await opened.start()
    yield opened
    await opened.aclose()
