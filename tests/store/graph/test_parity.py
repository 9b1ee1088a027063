"""Every graph gives the same answers to the same questions, whatever happened and however it came.

Each is fed random histories in random batches, some of them twice, and must answer what a graph in
the process answers that was given every list as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.graph.graph import Graph
from store.graph.graph_memory import MemoryGraph
from store.graph.ranking import DAY_MS
from tests.store.graph.histories import LISTS, NAMES, NOW, TITLES, World, folded, runs, worlds

ASKERS = (*NAMES, "nobody")
Batches = list[list[tuple[UUID, int, int]]]


@dataclass(frozen=True)
class Case:
    """Hold a history, the batches in which it comes, and who asks about it."""

    world: World
    batches: Batches
    askers: tuple[str, ...]


@st.composite
def cases(draw: st.DrawFn, askers: int = len(ASKERS)) -> Case:
    """Draw a case in which so many people ask."""
    world = draw(worlds())
    who = draw(st.lists(st.sampled_from(ASKERS), min_size=askers, max_size=askers, unique=True))
    return Case(world, draw(runs(world)), tuple(who))


async def feed(graph: Graph, world: World, batches: Batches) -> int:
    """Take a history into a new generation, and answer from it."""
    generation = await graph.begin("parity")
    for batch in batches:
        await graph.apply(generation, [folded(world, run) for run in batch])
    await graph.switch(generation)
    return generation


async def model(world: World) -> MemoryGraph:
    """Give the graph that was told what the lists are."""
    graph = MemoryGraph()
    generation = await graph.generation("parity")
    for list_id in LISTS:
        await graph.replace(generation, world.whole(list_id))
    return graph


def questions(world: World, askers: tuple[str, ...]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Ask everything."""
    now = NOW + (world.at.minute % 7 - 2) * DAY_MS + world.at.minute
    titles = TITLES[world.made % len(TITLES) :][:2]
    for asker in askers:
        yield "recommend", (asker, now, 100)
        yield "recommend", (asker, now + 9 * DAY_MS, 3)
        for list_id in LISTS:
            yield "dependencies", (asker, list_id)
            yield "people", (asker, list_id, 5)
            for title in titles:
                yield "hints", (asker, list_id, title, 5)
    todos = [todo_id for state in world.states.values() for todo_id in state.todos]
    for number, todo_id in enumerate(todos):
        yield "impact", (askers[number % len(askers)], todo_id)
    for list_id in LISTS:
        yield "offset", (list_id,)


async def compare(graph: Graph, case: Case) -> None:
    """Hold a graph to the model: what is in it, and all that it answers."""
    world = case.world
    generation = await feed(graph, world, case.batches)
    expected = await model(world)
    for list_id in LISTS:
        assert await graph.read_list(generation, list_id) == world.whole(list_id)
    asked = list(questions(world, case.askers))
    # Some at a time, for a graph that is a server.
    for first in range(0, len(asked), 10):
        some = asked[first : first + 10]
        answers = await asyncio.gather(*(getattr(graph, name)(*about) for name, about in some))
        for (name, about), answer in zip(some, answers, strict=True):
            assert answer == await getattr(expected, name)(*about), (name, about)
    for other in await graph.others(generation):
        await graph.drop(other)


# A server on a busy machine takes a twentieth of a second for each of some fifty questions.
@pytest.mark.timeout(600)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases(askers=3))
async def test_every_graph_gives_the_same_answers(graph: Graph, case: Case) -> None:
    """On the real server, too."""
    await compare(graph, case)


@settings(max_examples=100)
@given(cases())
async def test_taken_in_bit_by_bit_or_as_a_whole_is_the_same(case: Case) -> None:
    """For the graph in the process."""
    await compare(MemoryGraph(), case)
