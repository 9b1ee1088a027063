"""Tests of what is the graph in the process's own: its turns, and what it forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from store.graph.graph_memory import MemoryGraph
from store.graph.memory_list import MemoryList
from store.graph.model import Delta, ListGraph, Membership, TodoNode
from store.todo.model import Role

ANN = {"ann": Membership(UUID(int=1), Role.OWNER), "bob": Membership(UUID(int=2), Role.EDITOR)}
MANY = 6_000


def _list(number: int, count: int) -> ListGraph:
    """Make a list of todos with a label, each fourth of which waits for the one before it."""
    ids = [UUID(int=(number << 64) + one) for one in range(count)]
    todos = {
        one: TodoNode(
            one,
            "milk",
            at % 4,
            at,
            "ann",
            terms=frozenset({"milk"}),
            labels=frozenset({"shop"}),
            blocked_by=frozenset(ids[at - 1 : at]) if at % 4 == 1 else frozenset(),
        )
        for at, one in enumerate(ids)
    }
    return ListGraph(UUID(int=number), 9, members=ANN, todos=todos)


async def _turns(work: Coroutine[Any, Any, object]) -> int:
    """Count the turns that others get while something is worked out."""
    turns = 0
    task = asyncio.ensure_future(work)
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    await task
    return turns


@pytest.mark.parametrize("lists", [1, 100])
async def test_others_get_their_turn_while_much_is_looked_at(lists: int) -> None:
    """It runs in a process that serves connections."""
    graph = MemoryGraph()
    generation = await graph.generation("one")
    for number in range(lists):
        await graph.replace(generation, _list(number + 1, MANY // lists))
    await graph.recommend("ann", 0, 9)
    assert await _turns(graph.recommend("ann", 0, 9)) > 2
    assert await _turns(graph.hints("ann", UUID(int=1), "milk", 9)) > 2
    if lists == 1:
        assert await _turns(graph.dependencies("ann", UUID(int=1))) > 2
        assert await _turns(graph.people("ann", UUID(int=1), 9)) > 2
        assert await _turns(graph.impact("ann", UUID(int=1 << 64))) > 2


async def test_an_answer_is_of_one_moment_whatever_happens_meanwhile() -> None:
    """Changes that come in while it is worked out are for the next one."""
    graph = MemoryGraph()
    generation = await graph.generation("one")
    for number in range(1, 4):
        await graph.replace(generation, _list(number, 2_000))
    before = await graph.recommend("ann", 0, 9)
    asked = asyncio.ensure_future(graph.recommend("ann", 0, 9))
    await asyncio.sleep(0)
    for number in range(1, 4):
        list_id = UUID(int=number)
        await graph.apply(generation, [Delta(list_id, 9, 10, members={"ann": None})])
    assert not asked.done()
    assert await asked == before
    assert (await graph.recommend("ann", 0, 9)).items == ()


async def test_what_can_be_done_is_worked_out_once_for_each_change() -> None:
    """Also of a large list, beside the loop."""
    for count in (10, 2_000):
        held = MemoryList(_list(1, count))
        assert list(held.candidates("ann")) == []
        await held.prepare()
        first = list(held.candidates("ann"))
        await held.prepare()
        assert len(first) == count - len(range(1, count, 4))
        assert all(a is b for a, b in zip(first, held.candidates("ann"), strict=True))


async def test_a_list_can_be_forgotten_as_if_it_had_never_been_in() -> None:
    """It is nobody's any more, and begins anew."""
    graph = MemoryGraph()
    generation = await graph.generation("one")
    whole = _list(1, 3)
    await graph.replace(generation, whole)
    await graph.replace(generation, replace(whole, id=UUID(int=2), members={"ann": ANN["ann"]}))
    assert graph.lists_of("ann") == {UUID(int=1), UUID(int=2)}
    assert graph.lists_of("bob") == {UUID(int=1)}
    graph.evict(UUID(int=1))
    graph.evict(UUID(int=1))
    assert graph.lists_of("ann") == {UUID(int=2)}
    assert graph.lists_of("bob") == set()
    assert await graph.watermarks(generation, [UUID(int=1)]) == {}
    assert (await graph.impact("bob", next(iter(whole.todos)))).list_id is None
