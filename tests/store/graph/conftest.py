"""Open each kind of graph, empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from store.graph.graph import Graph
from store.graph.graph_memory import MemoryGraph


@pytest.fixture(params=["memory"])
async def graph(request: pytest.FixtureRequest) -> AsyncIterator[Graph]:
    """Open an empty graph of each kind in turn."""
    opened: Graph = MemoryGraph()
    await opened.start()
    yield opened
    await opened.aclose()
