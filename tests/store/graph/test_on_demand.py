"""Tests of lists that are brought in when somebody asks, and of which stay."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

import pytest

from store.entry import LogRead
from store.graph.graph_memory import MemoryGraph
from store.graph.model import ListGraph, Membership
from store.graph.on_demand import OnDemand
from store.graph.source import GraphSource
from store.todo.model import Role

ANN, BOB, EVE = UUID(int=1), UUID(int=2), UUID(int=3)
_NAMES = {ANN: "ann", BOB: "bob", EVE: "eve"}
SHARED, SLOW, OTHER = UUID(int=10), UUID(int=11), UUID(int=12)


class _Lists(GraphSource):
    """Be a database of empty lists whose logs have been pruned; reading some may take a while."""

    def __init__(self) -> None:
        self.members: dict[UUID, set[UUID]] = {}
        self.slow: dict[UUID, asyncio.Event] = {}
        self.waited_for = asyncio.Event()

    @property
    def epoch(self) -> str:
        return "e"

    def put(self, list_id: UUID, members: Iterable[UUID]) -> None:
        """Make a list, or give it other members."""
        self.members[list_id] = set(members)

    async def lists_of(self, user_id: UUID) -> list[tuple[UUID, int]]:
        return [(one, 1) for one, members in self.members.items() if user_id in members]

    async def read(self, list_id: UUID, since: int, limit: int, max_bytes: int) -> LogRead:
        if list_id in self.slow:
            self.waited_for.set()
            await self.slow[list_id].wait()
        return LogRead(None, "e", head=1, floor=1, entries=())

    async def whole(self, list_id: UUID) -> ListGraph | None:
        members = {
            _NAMES[one]: Membership(one, Role.EDITOR) for one in sorted(self.members[list_id])
        }
        return ListGraph(list_id, 1, title="", members=members)


@pytest.fixture
def lists() -> _Lists:
    """Give a list that ann and bob share."""
    made = _Lists()
    made.put(SHARED, {ANN, BOB})
    return made


async def test_what_is_kept_is_bounded(lists: _Lists) -> None:
    """Whatever was asked about last stays; one asker's lists are all in, however many."""
    graph = MemoryGraph()
    demand = OnDemand(lists, graph, kept=1)
    lists.put(OTHER, {ANN})
    await demand.prepare(ANN, "ann")
    assert graph.lists_of("ann") == {SHARED, OTHER}

    lists.put(SLOW, {BOB})
    lists.put(SHARED, {ANN})
    await demand.prepare(BOB, "bob")
    assert graph.lists_of("bob") == {SLOW}
    assert graph.lists_of("ann") == set()


@pytest.mark.parametrize("other", [ANN, EVE])
async def test_nobody_drives_out_a_list_that_another_question_is_about(
    lists: _Lists, other: UUID
) -> None:
    """While bob's question waits for one list, the one he shared with ann stays in.

    Also when hers is the first after she was removed from it, or somebody's needs the room.
    """
    graph = MemoryGraph()
    demand = OnDemand(lists, graph, kept=1)
    await demand.prepare(ANN, "ann")
    lists.put(SLOW, {BOB})
    lists.slow[SLOW] = asyncio.Event()
    question = asyncio.create_task(demand.prepare(BOB, "bob"))
    await lists.waited_for.wait()

    lists.put(SHARED, {BOB})
    lists.put(OTHER, {other})
    await demand.prepare(other, _NAMES[other])
    assert OTHER in graph.lists_of(_NAMES[other])
    lists.slow[SLOW].set()
    await question

    assert graph.lists_of("bob") == {SHARED, SLOW}
    assert await graph.dependencies("bob", SHARED) is not None
    assert await graph.dependencies("bob", SLOW) is not None
    assert OTHER not in graph.lists_of(_NAMES[other])


async def test_a_question_that_fails_holds_nothing_back(lists: _Lists) -> None:
    """What it wanted may be driven out again."""
    graph = MemoryGraph()
    demand = OnDemand(lists, graph, kept=1)
    lists.put(SLOW, {BOB})
    lists.slow[SLOW] = asyncio.Event()
    question = asyncio.create_task(demand.prepare(BOB, "bob"))
    await lists.waited_for.wait()
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    await demand.prepare(ANN, "ann")

    lists.put(SHARED, set())
    lists.put(OTHER, {ANN})
    await demand.prepare(ANN, "ann")

    assert graph.lists_of("ann") == {OTHER}
    assert graph.lists_of("bob") == set()
