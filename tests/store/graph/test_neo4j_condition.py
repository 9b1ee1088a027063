"""What can be seen of a Neo4j server, without writing to it."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from neo4j.exceptions import ServiceUnavailable

from store.graph.graph_neo4j import Neo4jGraph, Neo4jSettings
from store.graph.model import ListGraph
from store.graph.neo4j_condition import read_graph_condition, read_graph_entries
from tests.servers.ports import free_port

# The first time that a query is asked takes a second; on a busy machine, ten times that.
_LONG_S = 60.0


async def test_a_graph_is_seen_with_its_schema_and_how_far_it_is(
    neo4j_settings: Neo4jSettings, neo4j_graph: Neo4jGraph
) -> None:
    """Before anything was projected there is a schema and no generation."""
    found = await read_graph_condition(neo4j_settings, _LONG_S)
    assert found.version.startswith("5.")
    assert (found.missing, found.unready) == ((), ())
    assert (found.generation, found.epoch) == (None, None)

    generation = await neo4j_graph.generation("epoch")
    await neo4j_graph.replace(generation, ListGraph(uuid4(), 7))
    await neo4j_graph.replace(generation, ListGraph(uuid4(), 5, deleted=True))

    found = await read_graph_condition(neo4j_settings, _LONG_S)
    assert (found.generation, found.epoch) == (generation, "epoch")
    assert await read_graph_entries(neo4j_settings, generation, _LONG_S) == 12


async def test_another_graph_of_the_same_server_is_not_taken_for_it(
    neo4j_settings: Neo4jSettings, neo4j_graph: Neo4jGraph
) -> None:
    """The namespace tells them apart."""
    await neo4j_graph.generation("epoch")
    found = await read_graph_condition(replace(neo4j_settings, graph="nobody's"), _LONG_S)
    assert found.generation is None


async def test_a_server_that_is_away_is_said_as_the_driver_says_it(
    neo4j_settings: Neo4jSettings,
) -> None:
    """Whoever asks turns it into a sentence."""
    away = replace(neo4j_settings, url=f"bolt://127.0.0.1:{free_port()}")
    with pytest.raises(ServiceUnavailable):
        await read_graph_condition(away)
