"""Tests of the schema, and of every statement against it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import store.graph
from store.graph.graph_neo4j import Neo4jGraph
from store.graph.neo4j_generations import _STEP_OF_DROP
from store.graph.neo4j_schema import SCHEMA, WORDS, key
from tests.servers.neo4j import Neo4jServer

_CYPHER = re.compile(r"^\s*(MATCH|MERGE|UNWIND|CREATE \()")
# Operators that look at all there is, or at each with each.
_SLOW = {"AllNodesScan", "NodeByLabelScan", "CartesianProduct", "RelationshipTypeScan"}
# There is one generation node for each rebuild: the graph's own are few.
_FEW = {"MATCH (g:Generation)"}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str) and _CYPHER.match(value):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)


def _statements() -> dict[str, str]:
    found = {}
    for module in pkgutil.iter_modules(store.graph.__path__):
        if "neo4j" not in module.name:
            continue
        for name, value in vars(importlib.import_module(f"store.graph.{module.name}")).items():
            for number, text in enumerate(_texts(value)):
                whole = (
                    text
                    if re.search(r"RETURN|SET|DELETE|MERGE|CREATE|FINISH", text)
                    else (text + _STEP_OF_DROP)
                )
                found[f"{module.name}.{name}[{number}]"] = whole
    return found


STATEMENTS = _statements()


def _operators(plan: dict[str, Any]) -> Iterator[str]:
    children = plan.get("children", ())
    # One with one is no product.
    single = all(_kind(child).startswith("NodeUniqueIndexSeek") for child in children)
    if not (_kind(plan) == "CartesianProduct" and single):
        yield _kind(plan)
    for child in children:
        yield from _operators(child)


def _kind(plan: dict[str, Any]) -> str:
    return str(plan["operatorType"]).partition("@")[0]


def test_statements_are_found() -> None:
    """The tests below would hold for none."""
    assert len(STATEMENTS) > 40


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_value_is_written_into_a_statement(name: str) -> None:
    """Values come as parameters alone: no string of anybody's is read as Cypher."""
    assert not re.search(r"%s|%\(|\{\}|\{[a-z_]+\}(?!\))", STATEMENTS[name])


async def test_everything_may_be_made_again(neo4j_graph: Neo4jGraph) -> None:
    """By every process that starts."""
    await neo4j_graph.start()


async def test_constraints_indexes_and_words_are_there(
    neo4j_graph: Neo4jGraph, neo4j_server: Neo4jServer
) -> None:
    """Each key is unique, and every word is known."""
    constraints = {row["name"] for row in neo4j_server.query("SHOW CONSTRAINTS YIELD name")}
    indexes = neo4j_server.query("SHOW INDEXES YIELD name, state WHERE name STARTS WITH 'lockstep'")
    wanted = {text.split()[2] for text in SCHEMA}

    assert {name for name in wanted if name in constraints} | {
        row["name"] for row in indexes
    } == wanted
    assert {row["state"] for row in indexes} == {"ONLINE"}
    labels = neo4j_server.query("CALL db.labels() YIELD label RETURN collect(label) AS all")
    assert set(next(iter(WORDS.values()))) <= set(labels[0]["all"])


async def test_every_statement_finds_its_nodes_by_an_index(
    neo4j_graph: Neo4jGraph,
) -> None:
    """None looks at all nodes of a kind, or at each with each; the server remarks on none."""
    slow = {}
    session = neo4j_graph._session
    for name, text in STATEMENTS.items():
        parameters = dict.fromkeys(re.findall(r"\$(\w+)", text), None)

        async def explain(transaction: Any, text: str = text, given: Any = parameters) -> Any:
            return (await (await transaction.run("EXPLAIN " + text, given)).consume()).plan

        found = set(_operators(await session.write(explain))) & _SLOW
        if found and not any(few in text for few in _FEW):
            slow[name] = found
    assert slow == {}


def test_keys_of_different_generations_and_kinds_are_different() -> None:
    """And none is the beginning of another's up to the colon."""
    assert key(1, "ann") == "1:ann"
    assert not key(12, "ann").startswith("1:")
