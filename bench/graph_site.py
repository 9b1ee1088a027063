"""A Neo4j, a worker, and people with lists that have something to do with each other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.job_graph import fill_mixed
from bench.site import Site
from store.engines import StoreSettings
from store.graph.graph_neo4j import Neo4jGraph, Neo4jSettings
from store.graph.source import GraphSource
from store.store import open_store
from tests.servers.neo4j import Neo4jServer
from tests.servers.person import Person
from tests.servers.replica import Replica
from tests.servers.run import Run
from tests.servers.worker import Worker

__all__ = ["LISTS", "MORE", "TODOS", "GraphSite", "open_graph_site"]

LISTS, TODOS, MORE = 100, 100, 310
# As in production, where there is time to compile well; this wins over what the tests say.
_COMPILED = "-XX:TieredStopAtLevel=4"


@dataclass
class GraphSite:
    """Hold them; ``graph`` and ``source`` are this process's own ways to both sides.

    ``entries`` were written by the service before anything is projected.
    """

    site: Site
    database: str
    neo4j: Neo4jServer
    replica: Replica
    owner: Person
    lists: list[str]
    entries: int
    graph: Neo4jGraph
    source: GraphSource

    @property
    def settings(self) -> dict[str, str]:
        """What a replica or a worker needs to meet the others."""
        return {
            "DATABASE_URL": self.site.postgresql.url(self.database),
            "REDIS_URL": self.site.redis.url(),
            "NAMESPACE": self.database[-24:],
            "NEO4J_URL": self.neo4j.url,
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "info",
            "GRAPH_FAILURES": "2",
            "GRAPH_PAUSE_S": "1",
            # A new Neo4j takes seconds for the first question, which is not what is measured.
            "GRAPH_ANSWER_S": "60",
        }

    async def worker(self) -> Worker:
        """Start a worker."""
        return await Worker.start(self.site.run, **self.settings)


def _start(run: Run) -> Neo4jServer:
    os.environ["_JAVA_OPTIONS"] = _COMPILED
    return Neo4jServer.start(run)


@asynccontextmanager
async def open_graph_site(site: Site) -> AsyncIterator[GraphSite]:
    """Start Neo4j and a replica that asks it, and write the lists of one person's."""
    neo4j = await asyncio.to_thread(_start, site.run)
    database = site.database()
    store = await open_store(StoreSettings(site.postgresql.url(database)))
    graph = Neo4jGraph(Neo4jSettings(neo4j.url, graph=database[-24:]))
    replica = await site.replica(database, NEO4J_URL=neo4j.url)
    try:
        people = await site.people(replica, 3)
        lists = await site.shared_lists(people, LISTS)
        await site.load.run(
            fill_mixed,
            replica.origin,
            people[0].access_token,
            lists,
            [one.username for one in people],
            todos=TODOS,
            more=MORE,
        )
        source = GraphSource(store)
        entries = sum(head for _, head in await source.heads(None, 10_000))
        await graph.start()
        yield GraphSite(site, database, neo4j, replica, people[0], lists, entries, graph, source)
    finally:
        await replica.kill()
        await graph.aclose()
        await store.aclose()
        neo4j.remove()
