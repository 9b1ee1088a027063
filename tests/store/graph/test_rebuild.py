"""A graph is built anew by one process at a time, and one that leads nowhere ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from store.graph.graph import Graph
from store.graph.graph_memory import MemoryGraph
from store.graph.graph_neo4j import Neo4jGraph, Neo4jSettings
from store.graph.neo4j_builder import Neo4jBuilder
from store.graph.neo4j_session import Neo4jSession
from store.graph.rebuild import NotRebuilt, rebuild
from store.graph.source import GraphSource
from store.store import Store
from tests.servers.neo4j import Neo4jServer
from tests.store.graph.test_projector import Asleep, FailingGraph, assert_right, write_much
from tests.store.making import make_person


def quiet(_what: str, _done: int, _total: int) -> None:
    """Take no interest in how far it is."""


async def no_time(_seconds: float) -> None:
    """Let others have a turn."""
    await asyncio.sleep(0)


class Waiting(FailingGraph):
    """Stop before the switch until told to go on."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def switch(self, generation: int) -> None:
        """Wait, then do."""
        self.reached.set()
        await self.go_on.wait()
        await self.graph.switch(generation)


async def test_a_second_rebuild_at_the_same_time_is_refused(
    store: Store, neo4j_graph: Neo4jGraph, neo4j_settings: Neo4jSettings
) -> None:
    """It sees that the first one lives, says so, and the first one's work is whole."""
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    lists = await write_much(store, ann, bob)
    source, waiting, asleep = GraphSource(store), Waiting(neo4j_graph), Asleep()
    first = asyncio.create_task(
        rebuild(source, waiting, quiet, neo4j_graph.builder(), sleep=asleep)
    )
    await waiting.reached.wait()

    async def renewed(_seconds: float) -> None:
        asleep.wake()
        await asyncio.sleep(0.02)  # so that the first one, woken, reaches the real server

    session = Neo4jSession(neo4j_settings)
    other = Neo4jBuilder(session, neo4j_settings.graph, renewed)
    with pytest.raises(NotRebuilt, match="Another rebuild"):
        await rebuild(source, neo4j_graph, quiet, other, sleep=no_time)
    waiting.go_on.set()
    made = await first

    assert await neo4j_graph.generation(store.epoch) == made.generation
    await assert_right(store, neo4j_graph, lists)
    # And then it is the other's turn.
    again = await rebuild(source, neo4j_graph, quiet, other, sleep=Asleep())
    assert again.dropped == (made.generation,)
    await assert_right(store, neo4j_graph, lists)
    await session.aclose()


async def test_the_lease_of_one_that_died_is_taken_over(
    neo4j_settings: Neo4jSettings, neo4j_graph: Neo4jGraph, neo4j_server: Neo4jServer
) -> None:
    """When its time is over; and should it live again, it finds that the lease is not its own."""
    session = Neo4jSession(neo4j_settings)
    dead = neo4j_graph.builder()
    assert await dead.take()

    looks = 0

    async def pass_time(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            neo4j_server.query(
                "MATCH (p:Projection {key: $key}) SET p.alive = 1", key=neo4j_settings.graph
            )

    heir = Neo4jBuilder(session, neo4j_settings.graph, pass_time)
    assert await heir.take()
    assert looks == 3
    assert not await dead.renew()
    await dead.release()
    assert await heir.renew()
    await heir.release()
    assert await dead.take()
    await session.aclose()


async def test_one_whose_generation_is_dropped_ends_with_a_sentence(
    store: Store, graph: Graph
) -> None:
    """Instead of trying for ever; whether it is noticed at the switch or before."""
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    await write_much(store, ann, bob)

    class Dropping(FailingGraph):
        at = "begin"

        async def begin(self, epoch: str) -> int:
            self.begun = await self.graph.begin(epoch)
            if self.at == "begin":
                await self.graph.drop(self.begun)
            return self.begun

        async def switch(self, generation: int) -> None:
            await self.graph.drop(generation)
            await self.graph.switch(generation)

    dropping = Dropping(graph)
    answering = await graph.generation(store.epoch)
    for at in ("begin", "switch"):
        dropping.at = at
        with pytest.raises(NotRebuilt, match="gone"):
            await rebuild(GraphSource(store), dropping, quiet, sleep=no_time)
    assert await graph.generation(store.epoch) == answering


async def test_the_old_one_is_left_alone_until_its_last_questions_are_answered(
    store: Store, graph: Graph
) -> None:
    """Else one that was under way would be answered from what is left of it."""
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    (list_id, *_) = await write_much(store, ann, bob)
    source = GraphSource(store)
    old = (await rebuild(source, graph, quiet, sleep=no_time)).generation
    held = await graph.read_list(old, list_id)
    assert held is not None
    waited: list[float] = []

    async def look(seconds: float) -> None:
        waited.append(seconds)
        assert await graph.generation(store.epoch) != old
        assert await graph.read_list(old, list_id) == held

    await rebuild(source, graph, quiet, grace_s=3.0, sleep=look)
    assert waited == [3.0]
    assert await graph.read_list(old, list_id) is None


async def test_one_that_loses_its_lease_stops(store: Store) -> None:
    """Another has begun, or the graph was emptied: what it makes would be removed."""

    class Lost:
        released = False

        async def take(self) -> bool:
            return True

        async def renew(self) -> bool:
            return False

        async def release(self) -> None:
            self.released = True

    lease, waiting = Lost(), Waiting(MemoryGraph())
    with pytest.raises(NotRebuilt, match="gone"):
        await rebuild(GraphSource(store), waiting, quiet, lease, sleep=no_time)
    assert lease.released


async def test_graphs_of_other_names_are_built_at_the_same_time(
    neo4j_graph: Neo4jGraph, neo4j_settings: Neo4jSettings
) -> None:
    """The lease is of one graph."""
    other = Neo4jGraph(replace(neo4j_settings, graph=f"{neo4j_settings.graph}-other"))
    assert await neo4j_graph.builder().take()
    assert await other.builder().take()
    await other.aclose()
