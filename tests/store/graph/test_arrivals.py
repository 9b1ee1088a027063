"""Tests of waiting until the graph has a list up to an offset."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from store.errors import GraphUnavailable
from store.graph.arrivals import Arrivals

LIST, OTHER = UUID(int=1), UUID(int=2)


class _Graph:
    """Be a graph that gets on when it is told to; counts how often it is looked at."""

    def __init__(self) -> None:
        self.at: dict[UUID, int] = {LIST: 0, OTHER: 0}
        self.looks: list[UUID] = []
        self.pauses: list[float] = []
        self.away = False
        self._moment = asyncio.Event()

    async def reached(self, list_id: UUID) -> int:
        self.looks.append(list_id)
        if self.away:
            raise GraphUnavailable("It is away.")
        return self.at[list_id]

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self._moment.wait()

    async def tick(self) -> None:
        """Let the time between two looks pass, once for everyone."""
        over, self._moment = self._moment, asyncio.Event()
        over.set()
        await _settle()


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def graph() -> _Graph:
    """Give an empty one."""
    return _Graph()


@pytest.fixture
def arrivals(graph: _Graph) -> Arrivals:
    """Give what waits for it."""
    return Arrivals(graph.reached, sleep=graph.sleep)


async def test_what_is_there_is_not_waited_for(graph: _Graph, arrivals: Arrivals) -> None:
    """One look is enough."""
    graph.at[LIST] = 5
    await arrivals.wait(LIST, 5)
    assert graph.looks == [LIST]


async def test_a_list_that_does_not_get_on_is_looked_at_ever_less_often(graph: _Graph) -> None:
    """Twice the time between two looks each time, up to the most; another list begins anew."""
    arrivals = Arrivals(graph.reached, most_s=0.1, sleep=graph.sleep)
    task = asyncio.create_task(arrivals.wait(LIST, 1))
    await _settle()
    for _ in range(4):
        await graph.tick()
    assert graph.pauses == [0.02, 0.04, 0.08, 0.1, 0.1]
    other = asyncio.create_task(arrivals.wait(OTHER, 1))
    await _settle()
    assert graph.pauses[5:] == [0.02]
    graph.at = {LIST: 1, OTHER: 1}
    await graph.tick()
    await asyncio.gather(task, other)


async def test_all_who_wait_for_a_list_share_the_looks(graph: _Graph, arrivals: Arrivals) -> None:
    """Each goes on as soon as the graph has what they wait for."""
    tasks = [asyncio.create_task(arrivals.wait(LIST, offset)) for offset in (1, 2, 3) * 10]
    await _settle()
    graph.looks.clear()
    await graph.tick()
    assert graph.looks == [LIST]
    graph.at[LIST] = 2
    await graph.tick()
    assert graph.looks == [LIST] * 2
    assert [one.done() for one in tasks] == [True, True, False] * 10
    graph.at[LIST] = 3
    await graph.tick()
    await asyncio.gather(*tasks)
    await graph.tick()
    assert graph.looks == [LIST] * 3


async def test_nobody_who_waits_is_forgotten_when_others_leave(
    graph: _Graph, arrivals: Arrivals
) -> None:
    """The looks end with the last one, and begin again with the next."""
    first = asyncio.create_task(arrivals.wait(LIST, 1))
    second = asyncio.create_task(arrivals.wait(LIST, 1))
    await _settle()
    first.cancel()
    await _settle()
    second.cancel()
    third = asyncio.create_task(arrivals.wait(LIST, 1))
    await asyncio.gather(first, second, return_exceptions=True)
    await _settle()
    graph.looks.clear()
    await graph.tick()
    assert graph.looks == [LIST]
    graph.at[LIST] = 1
    await graph.tick()
    await third


async def test_a_graph_that_goes_away_ends_the_waiting(graph: _Graph, arrivals: Arrivals) -> None:
    """For all of them; who asks later looks anew."""
    tasks = [asyncio.create_task(arrivals.wait(LIST, 1)) for _ in range(3)]
    await _settle()
    graph.away = True
    await graph.tick()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in ended] == [GraphUnavailable] * 3
    graph.away = False
    graph.at[LIST] = 1
    await arrivals.wait(LIST, 1)
