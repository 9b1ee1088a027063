"""Tests of what is answered while the graph is behind: the same from either graph."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from store.actor import Actor
from store.errors import GraphUnavailable
from store.graph.advice import Advised
from store.graph.advisor import Advisor
from store.graph.fold import fold
from store.graph.graph import Graph
from store.graph.projection import Projection
from store.graph.source import GraphSource
from store.store import Store
from store.todo.commands import MemberSet
from tests.store.making import People, new_list, new_todo


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Name one engine's database: which one it is makes no difference here."""
    return sqlite_url


class _World:
    """Hold a graph that is brought forward by hand, and what ann has: a list, and an empty one."""

    def __init__(self, store: Store, graph: Graph, ann: Actor, lists: tuple[UUID, UUID]) -> None:
        self.store, self.graph, self.ann, self.lists = store, graph, ann, lists
        self.foot = self.top = lists[0]

    def advisor(self, *, late: bool = True) -> Advisor:
        """Give one that was asked nothing yet; ``late``: what is missing is missing for long."""
        made = Advisor(self.graph, self.store)
        made._lateness._forgiven = timedelta(0) if late else timedelta(hours=1)
        return made

    async def project(self, *lists: UUID, until: int | None = None) -> None:
        """Bring lists forward, all of their logs or only up to an offset."""
        source = GraphSource(self.store)
        generation = await self.graph.generation(source.epoch)
        if until is None:
            await Projection(source, self.graph, generation).advance(dict.fromkeys(lists))
            return
        for one in lists:
            read = await source.read(one, 0, until, 1 << 20)
            await self.graph.apply(generation, [fold(one, 0, read.entries)])

    async def empty(self) -> None:
        """Let another generation answer, in which nothing is."""
        await self.graph.switch(await self.graph.begin(self.store.epoch))

    def questions(self, advisor: Advisor) -> Mapping[str, Callable[..., Awaitable[Advised[Any]]]]:
        """Give all that can be asked about the first list, by name; each takes ``min_offset``."""
        ann, here = self.ann, self.lists[0]
        return {
            "impact": lambda **more: advisor.impact(ann, self.foot, 10, **more),
            "dependencies": lambda **more: advisor.dependencies(ann, here, **more),
            "people": lambda **more: advisor.people(ann, here, 5, **more),
            "hints": lambda **more: advisor.hints(ann, here, "foot", 5, **more),
        }


@pytest.fixture
async def world(store: Store, graph: Graph, person: People) -> _World:
    """Give a graph that has nothing, and a database that has something."""
    ann, bob = await person("ann"), await person("bob")
    made = _World(store, graph, ann, (await new_list(store, ann, bob), await new_list(store, ann)))
    made.foot = await new_todo(store, ann, made.lists[0], "foot", labels=["stone"])
    made.top = await new_todo(store, ann, made.lists[0], "top", blocked_by=[made.foot])
    return made


@pytest.mark.parametrize("late", [True, False], ids=["for long", "for a moment"])
async def test_a_graph_that_is_filled_again_gives_way_to_what_was_said_before(
    world: _World, late: bool
) -> None:
    """Marked stale; who wants an offset is refused, for it is not there any more."""
    await world.project(*world.lists)
    advisor = world.advisor(late=late)
    before = {name: await ask() for name, ask in world.questions(advisor).items()}
    next_before = await advisor.recommend(world.ann, 5)
    assert [one.todo.id for one in next_before.value.items] == [world.foot]
    assert {one.stale for one in (*before.values(), next_before)} == {False}

    for stage in ({"until": None}, {"until": 3}):
        await world.empty()
        if stage["until"]:
            await world.project(world.lists[0], **stage)
        for name, ask in world.questions(advisor).items():
            assert await ask() == Advised(before[name].value, stale=True), name
            with pytest.raises(GraphUnavailable, match="up to 5 yet"):
                await ask(min_offset=5)
        assert await advisor.recommend(world.ann, 5) == Advised(next_before.value, stale=True)

    await world.project(*world.lists)
    assert {name: await ask() for name, ask in world.questions(advisor).items()} == before


async def test_an_empty_graph_s_silence_is_no_answer(world: _World) -> None:
    """Nobody is told that there is nothing to do, except in a list that has only just begun."""
    await world.project()
    for ask in (*world.questions(world.advisor()).values(), None):
        with pytest.raises(GraphUnavailable, match="being filled"):
            await (ask() if ask else world.advisor().recommend(world.ann, 5))
    young = world.advisor(late=False)
    for name, ask in world.questions(young).items():
        said = await ask()
        assert (said.stale, said.value.offset) == (False, 0), name
    advice = await young.recommend(world.ann, 5)
    assert (advice.stale, advice.value.items) == (False, ())
    assert advice.value.offsets == dict.fromkeys(world.lists, 0)
    assert young._last.weight == 0


async def test_a_part_is_told_as_a_part(world: _World) -> None:
    """What is there, how far it is, and that it is not all; it takes no whole answer's place."""
    await world.project(world.lists[0], until=4)  # foot is in, and top is not
    advisor = world.advisor()
    for name, ask in world.questions(advisor).items():
        said = await ask()
        assert (said.stale, said.value.offset) == (True, 4), name
        assert (await ask(min_offset=4)).value.offset == 4
    advice = await advisor.recommend(world.ann, 5)
    assert (advice.stale, [one.todo.id for one in advice.value.items]) == (True, [world.foot])
    assert advice.value.offsets == {world.lists[0]: 4, world.lists[1]: 0}
    assert advisor._last.weight == 0
    again = world.advisor(late=False)
    assert (await again.recommend(world.ann, 5)).stale is False


async def test_a_graph_without_a_worker_goes_on_with_what_it_has(world: _World) -> None:
    """It rests on as much as what was said before, or more: but not on all, so it is marked."""
    await world.project(*world.lists)
    advisor = world.advisor()
    asked = world.questions(advisor)
    for ask in asked.values():
        assert (await ask()).stale is False
    await new_todo(world.store, world.ann, world.lists[0], "unknown to it")
    for ask in asked.values():
        said = await ask()
        assert (said.stale, said.value.offset) == (True, 5)
    advice = await advisor.recommend(world.ann, 5)
    assert (advice.stale, [one.todo.id for one in advice.value.items]) == (True, [world.foot])


async def test_who_has_only_just_joined_hears_as_of_when_they_had_not(
    world: _World, person: People
) -> None:
    """Nothing, at an offset of the list that the graph has; a todo only just made likewise."""
    await world.project(*world.lists)
    cyd, here = await person("cyd"), world.lists[0]
    await world.store.commit(world.ann, MemberSet(list_id=here, username="cyd", role="editor"))
    made = await new_todo(world.store, world.ann, here, "new")
    advisor = world.advisor(late=False)
    for actor, todo in ((cyd, world.foot), (world.ann, made)):
        said = await advisor.impact(actor, todo, 5, min_offset=5)
        assert (said.stale, said.value.offset, said.value.waiting) == (False, 5, ())
    drawn = await advisor.dependencies(cyd, here, min_offset=5)
    assert (drawn.value.offset, drawn.value.todos) == (5, ())
    with pytest.raises(GraphUnavailable, match="up to 6 yet"):
        await advisor.dependencies(cyd, here, min_offset=6)
    with pytest.raises(GraphUnavailable, match="being filled"):
        await world.advisor().dependencies(cyd, here)
