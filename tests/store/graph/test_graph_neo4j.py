"""Tests of the graph in Neo4j, where it differs from the one in the process: it is shared."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Self
from uuid import UUID

import pytest
from neo4j.exceptions import IncompleteCommit

from store.errors import GraphUnavailable
from store.graph import neo4j_recommend
from store.graph.graph_neo4j import Neo4jGraph, Neo4jSettings
from store.graph.model import Delta, ListGraph, Membership, TodoNode
from store.graph.neo4j_session import Rows, rows
from store.graph.terms import terms_of
from store.todo.model import Role
from tests.servers.neo4j import Neo4jServer

LISTS = [UUID(int=(1 << 120) + number) for number in range(6)]
PEOPLE = {
    name: Membership(UUID(int=number + 1), Role.EDITOR)
    for number, name in enumerate(("ann", "bob", "cyd"))
}


def todo(number: int, **fields: object) -> TodoNode:
    """Make a todo of ann's that bob and cyd are assigned to."""
    made = TodoNode(
        UUID(int=(2 << 120) + number), "oat milk", 1, 1_000, "ann", offset=number,
        terms=terms_of("oat milk"), labels=frozenset({"shop"}),
        assignees=frozenset({"bob", "cyd"}),
    )  # fmt: skip
    return replace(made, **fields)  # type: ignore[arg-type]


def step(list_id: UUID, offset: int) -> Delta:
    """Make the run of the entry with that offset: it makes a todo that waits for the one before."""
    base = LISTS.index(list_id) * 1_000 + offset
    waits_for = frozenset({todo(base - 1).id}) if offset > 1 else frozenset()
    made = todo(base, offset=offset, blocked_by=waits_for)
    members = PEOPLE if offset == 1 else {}
    return Delta(list_id, offset - 1, offset, members=members, made={made.id: made})


async def test_what_was_made_of_an_earlier_history_answers_no_question_about_this_one(
    neo4j_graph: Neo4jGraph, neo4j_settings: Neo4jSettings
) -> None:
    """After a restore: not until a worker has begun a generation of the new epoch."""
    generation = await neo4j_graph.generation("one")
    await neo4j_graph.apply(generation, [step(LISTS[0], 1)])
    first = todo(1).id

    async def all_of(graph: Neo4jGraph) -> tuple[object, ...]:
        return (
            await graph.offset(LISTS[0]),
            (await graph.recommend("bob", 0, 5)).offsets,
            (await graph.impact("bob", first)).list_id,
            await graph.dependencies("bob", LISTS[0]) is None,
            await graph.people("bob", LISTS[0], 5) is None,
            await graph.hints("bob", LISTS[0], "milk", 5) is None,
        )

    known = (1, {LISTS[0]: 1}, LISTS[0], False, False, False)
    asked = {epoch: Neo4jGraph(replace(neo4j_settings, epoch=epoch)) for epoch in ("one", "two")}
    assert await all_of(neo4j_graph) == await all_of(asked["one"]) == known
    assert await all_of(asked["two"]) == (0, {}, None, True, True, True)
    await neo4j_graph.generation("two")
    assert await all_of(asked["one"]) == await all_of(asked["two"])
    for graph in asked.values():
        await graph.aclose()


async def test_what_is_removed_while_it_is_ranked_is_left_out(
    neo4j_graph: Neo4jGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server finds it still, and then has nothing to say of it."""
    generation = await neo4j_graph.generation("one")
    await neo4j_graph.apply(generation, [step(LISTS[0], 1)])
    before = await neo4j_graph.recommend("bob", 5_000, 5)

    async def removed(transaction: Any, text: Any, parameters: Any) -> Rows:
        found = await rows(transaction, text, parameters)
        if text == neo4j_recommend.TOP:
            (best,) = found[0]["best"]
            found[0]["best"] = [dict.fromkeys(best), best]
        return found

    monkeypatch.setattr(neo4j_recommend, "rows", removed)
    assert len(before.items) == 1
    assert await neo4j_graph.recommend("bob", 5_000, 5) == before


async def test_several_processes_bring_the_same_lists_forward(
    neo4j_graph: Neo4jGraph, neo4j_settings: Neo4jSettings
) -> None:
    """In other orders, around the same people: nothing is lost, nothing is taken twice."""
    generation = await neo4j_graph.generation("one")
    others = [Neo4jGraph(replace(neo4j_settings, retry_s=30.0)) for _ in range(3)]
    reached: dict[UUID, int] = {}

    async def work(graph: Neo4jGraph, lists: list[UUID]) -> None:
        for offset in range(1, 8):
            deltas = [step(list_id, offset) for list_id in lists]
            reached.update(await graph.apply(generation, deltas))

    await asyncio.gather(
        work(others[0], LISTS), work(others[1], LISTS[::-1]), work(others[2], LISTS[3:])
    )
    for graph in others:
        await graph.aclose()

    assert await neo4j_graph.watermarks(generation, LISTS) == dict.fromkeys(LISTS, 7)
    for list_id in LISTS:
        whole = await neo4j_graph.read_list(generation, list_id)
        expected = {
            made.id: made for offset in range(1, 8) for made in step(list_id, offset).made.values()
        }
        assert whole == ListGraph(list_id, 7, members=PEOPLE, todos=expected)
    waits = await neo4j_graph.impact("ann", todo(1).id)
    assert [one.steps for one in waits.waiting] == [1, 2, 3, 4, 5, 6]


async def test_processes_that_start_at_once_agree_on_a_generation(
    neo4j_graph: Neo4jGraph, neo4j_settings: Neo4jSettings
) -> None:
    """Whoever is first makes it."""
    others = [Neo4jGraph(replace(neo4j_settings, retry_s=30.0)) for _ in range(4)]
    await asyncio.gather(*(graph.start() for graph in others))

    found = await asyncio.gather(*(graph.generation("one") for graph in others))

    assert len(set(found)) == 1
    assert await neo4j_graph.others(found[0]) == ()
    for graph in others:
        await graph.aclose()


async def test_graphs_of_other_names_lie_beside_it(
    neo4j_graph: Neo4jGraph, neo4j_settings: Neo4jSettings
) -> None:
    """In the one database that the Community edition has."""
    other = Neo4jGraph(replace(neo4j_settings, graph=f"{neo4j_settings.graph}-other"))
    mine, theirs = await neo4j_graph.generation("one"), await other.generation("one")

    await neo4j_graph.apply(mine, [step(LISTS[0], 1)])

    assert mine != theirs
    assert await other.watermarks(theirs, LISTS) == {}
    assert (await other.recommend("bob", 0, 9)).offsets == {}
    assert len((await neo4j_graph.recommend("bob", 0, 9)).items) == 1
    await other.aclose()


async def test_what_nothing_hangs_on_any_more_is_gone(
    neo4j_graph: Neo4jGraph, neo4j_server: Neo4jServer
) -> None:
    """Words and labels do not pile up, nor does what a deleted list held."""
    generation = await neo4j_graph.generation("one")
    first = step(LISTS[0], 1)
    await neo4j_graph.apply(generation, [first])
    (todo_id,) = first.made

    async def held() -> list[str]:
        found = neo4j_server.query(
            "MATCH (n:Todo|Label|Term) WHERE n.key STARTS WITH $prefix"
            " RETURN coalesce(n.name, n.title) AS name ORDER BY name",
            prefix=f"{generation}:",
        )
        return [row["name"] for row in found]

    assert await held() == ["milk", "oat", "oat milk", "shop"]
    changed = Delta(
        LISTS[0], 1, 2,
        changed={todo_id: {"title": "oat bread", "offset": 2}},
        terms={todo_id: frozenset({"oat", "bread"})},
        labels={(todo_id, "shop"): False},
    )  # fmt: skip
    await neo4j_graph.apply(generation, [changed])
    assert await held() == ["bread", "oat", "oat bread"]
    await neo4j_graph.apply(generation, [Delta(LISTS[0], 2, 3, purged=frozenset({todo_id}))])
    assert await held() == []
    await neo4j_graph.apply(generation, [step(LISTS[1], 1)])
    await neo4j_graph.apply(generation, [Delta(LISTS[1], 1, 2, deleted=True)])
    assert await held() == []


async def test_a_commit_of_unknown_outcome_is_told_by_the_watermark(
    neo4j_graph: Neo4jGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever repeats it finds that it is in."""
    generation = await neo4j_graph.generation("one")
    write = neo4j_graph._session._driver.session

    class Losing:
        """Lose the answer to a commit."""

        async def __aenter__(self) -> Self:
            self.session = await write(database="neo4j").__aenter__()
            return self

        async def __aexit__(self, *raised: object) -> None:
            await self.session.close()

        async def execute_write(self, work: object) -> None:
            await self.session.execute_write(work)  # type: ignore[arg-type]
            raise IncompleteCommit("lost")

    with monkeypatch.context() as patched:
        patched.setattr(neo4j_graph._session._driver, "session", lambda **_: Losing())
        with pytest.raises(GraphUnavailable):
            await neo4j_graph.apply(generation, [step(LISTS[0], 1)])

    assert await neo4j_graph.apply(generation, [step(LISTS[0], 1)]) == {LISTS[0]: 1}


async def test_a_run_that_fails_halfway_leaves_nothing(
    neo4j_graph: Neo4jGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of it nor of the lists beside it, and no watermark moves."""
    generation = await neo4j_graph.generation("one")

    async def break_off(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("store.graph.neo4j_write.settle", break_off)
        with pytest.raises(ZeroDivisionError):
            await neo4j_graph.apply(generation, [step(one, 1) for one in LISTS])

    assert await neo4j_graph.watermarks(generation, LISTS) == {}
    assert await neo4j_graph.read_list(generation, LISTS[0]) is None
