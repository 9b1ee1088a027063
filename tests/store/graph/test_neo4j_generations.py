"""A Neo4j that lost everything is filled again, by processes that remember what it held."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from store.graph.graph_neo4j import Neo4jGraph, Neo4jSettings
from store.graph.neo4j_schema import SCHEMA
from store.graph.projector import Projector
from store.graph.source import GraphSource
from store.store import Store
from tests.servers.neo4j import Neo4jServer
from tests.store.graph.test_projector import assert_right, write_much
from tests.store.making import make_person, new_list


def wipe(server: Neo4jServer) -> None:
    """Make the server as it was when it was new, but for the names of things."""
    server.query("MATCH (n) DETACH DELETE n")
    for row in server.query("SHOW CONSTRAINTS YIELD name"):
        server.query(f"DROP CONSTRAINT {row['name']}")
    for row in server.query("SHOW INDEXES YIELD name WHERE name STARTS WITH 'lockstep'"):
        server.query(f"DROP INDEX {row['name']}")


def schema_of(server: Neo4jServer) -> set[str]:
    """Name the constraints and indexes that are there."""
    names = {row["name"] for row in server.query("SHOW CONSTRAINTS YIELD name")}
    return names | {row["name"] for row in server.query("SHOW INDEXES YIELD name")}


@pytest.mark.faults
async def test_a_graph_that_was_emptied_is_made_anew_with_its_schema(
    store: Store, own_neo4j: Neo4jServer
) -> None:
    """Also of lists that nobody writes to, and no number of before is given again."""
    graph = Neo4jGraph(Neo4jSettings(own_neo4j.url, read_s=60.0, retry_s=30.0))
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    lists = await write_much(store, ann, bob)
    lists += [await new_list(store, ann) for _ in range(3)]
    projectors = [Projector(GraphSource(store), graph) for _ in range(2)]

    async def run(projector: Projector) -> None:
        await projector.sweep()
        await projector.catch_up()

    numbers = set()
    for turn in range(3):
        await asyncio.gather(*map(run, projectors))
        await assert_right(store, graph, lists)
        assert {text.split()[2] for text in SCHEMA} <= schema_of(own_neo4j), turn
        numbers.add(await graph.generation(store.epoch))
        await asyncio.to_thread(wipe, own_neo4j)
        # Nobody is told that it has what it has not.
        assert await graph.offset(lists[0]) == 0
        assert (await graph.recommend("ann", 0, 9)).offsets == {}
    assert len(numbers) == 3
    await graph.aclose()


async def test_a_number_says_nothing_about_those_before_it(
    neo4j_graph: Neo4jGraph, neo4j_settings: Neo4jSettings, neo4j_server: Neo4jServer
) -> None:
    """What counts the numbers would be gone with all the rest."""
    first = await neo4j_graph.generation("one")
    neo4j_server.query("MATCH (g:Generation {number: $number}) DETACH DELETE g", number=first)
    neo4j_server.query("MATCH (p:Projection {key: $key}) DELETE p", key=neo4j_settings.graph)
    other = Neo4jGraph(replace(neo4j_settings))
    second = await other.generation("one")
    assert first not in (second, second - 1)
    assert await neo4j_graph.generation("one") == second
    await other.aclose()
