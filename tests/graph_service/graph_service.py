"""Two replicas and two workers on one PostgreSQL, one Neo4j and, mostly, one Redis."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from store.engines import StoreSettings
from store.graph.graph_neo4j import Neo4jGraph, Neo4jSettings
from store.graph.model import ListGraph
from store.graph.source import GraphSource
from store.store import open_store
from tests.servers.deadline import eventually
from tests.servers.neo4j import Neo4jServer
from tests.servers.person import Person
from tests.servers.replica import SECRET_KEY, Replica, environment, lockstep
from tests.servers.run import Run
from tests.servers.worker import Worker

# Usually moments; on a busy machine a query's first time alone takes ten seconds.
SOON_S = 90.0

_WATERMARKS = """
MATCH (p:Projection {key: $graph})
MATCH (l:List) WHERE l.key STARTS WITH toString(p.generation) + ':'
RETURN l.id AS id, l.offset AS offset
"""


@dataclass
class GraphService:
    """Hold the processes; ``graph`` names this service's own graph in Neo4j."""

    run: Run
    neo4j: Neo4jServer
    database_url: str
    graph: str
    settings: dict[str, str]
    replicas: list[Replica] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)

    @classmethod
    def on(
        cls, run: Run, neo4j: Neo4jServer, database_url: str, graph: str, **settings: str
    ) -> GraphService:
        """Start nothing yet; ``settings`` (names without prefix) are everybody's."""
        given = {
            "DATABASE_URL": database_url,
            "NEO4J_URL": neo4j.url,
            "NAMESPACE": graph,
            "RATE_LIMITS": "off",
            # The first time that a query is asked takes a second; on a busy machine, ten times it.
            "GRAPH_ANSWER_S": "60",
            **settings,
        }
        return cls(run, neo4j, database_url, graph, given)

    async def start(self, *, replicas: int = 2, workers: int = 2) -> None:
        """Start so many more of each."""
        made = [Replica.start(self.run, **self.settings) for _ in range(replicas)]
        hired = [Worker.start(self.run, **self.settings) for _ in range(workers)]
        self.replicas += await asyncio.gather(*made)
        self.workers += await asyncio.gather(*hired)

    async def close(self) -> None:
        """End all of them."""
        for worker in self.workers:
            await worker.kill()
        for replica in self.replicas:
            await replica.kill()
            shutil.rmtree(replica.directory, ignore_errors=True)

    async def people(self, *names: str) -> list[Person]:
        """Register people, each at the next replica in turn."""
        return [
            await Person.register(self.replicas[number % len(self.replicas)], name)
            for number, name in enumerate(names)
        ]

    async def administer(self, *words: str, **settings: str) -> tuple[int, str]:
        """Run ``lockstep`` with these words; give its exit status and all that it printed."""
        async with self.begun(*words, **settings) as process:
            printed, _ = await process.communicate()
            return process.returncode or 0, printed.decode()

    @asynccontextmanager
    async def begun(
        self, *words: str, **settings: str
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Begin to run ``lockstep`` with these words; it does not outlive the block."""
        given = {"SECRET_KEY": SECRET_KEY, **self.settings, **settings}
        process = await asyncio.create_subprocess_exec(
            lockstep(),
            *words,
            env=environment(**{name: value for name, value in given.items() if value}),
            cwd=self.run.directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def watermarks(self) -> dict[str, int]:
        """Read from Neo4j how far each list is in."""
        rows = self.neo4j.query(_WATERMARKS, graph=self.graph)
        return {row["id"]: row["offset"] for row in rows}

    async def until_even(self) -> dict[str, int]:
        """Wait until every list is in up to the end of its log; give the ends."""
        async with self.opened() as (source, _):
            heads = {str(one): head for one, head in await source.heads(None, 10_000)}
        await eventually(
            lambda: self.watermarks() == heads, "the graph has caught up", within_s=SOON_S
        )
        return heads

    async def held(self) -> dict[UUID, ListGraph | None]:
        """Read back all that the graph holds."""
        async with self.opened() as (source, graph):
            generation = await graph.generation(source.epoch)
            lists = [one for one, _ in await source.heads(None, 10_000)]
            return {one: await graph.read_list(generation, one) for one in lists}

    async def truth(self) -> dict[UUID, ListGraph | None]:
        """Read from the database what the graph should hold."""
        async with self.opened() as (source, _):
            return {one: await source.whole(one) for one, _ in await source.heads(None, 10_000)}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[GraphSource, Neo4jGraph]]:
        """Give both sides of the projection for a while."""
        store = await open_store(StoreSettings(self.database_url, app_connections=2))
        settings = Neo4jSettings(self.neo4j.url, graph=self.graph, read_s=60.0, write_s=60.0)
        graph = Neo4jGraph(settings)
        try:
            yield GraphSource(store), graph
        finally:
            await graph.aclose()
            await store.aclose()


async def next_titles(person: Person) -> list[str]:
    """Ask what to do next; give the titles."""
    answer = await person.call("GET", "/recommendations", limit=100)
    return [item["todo"]["title"] for item in answer["items"]]
