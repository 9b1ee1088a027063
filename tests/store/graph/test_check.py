"""A check compares every list, tells the truth about it, and writes only when it may."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from http_api.cli.graph import _report
from store.actor import Actor
from store.errors import GraphUnavailable
from store.graph.check import Checked, Difference, check
from store.graph.digest import digest
from store.graph.graph import Graph
from store.graph.model import ListGraph, TodoNode
from store.graph.projector import Projector
from store.graph.source import GraphSource
from store.store import Store
from tests.store.graph.test_projector import FailingGraph, assert_right, write_much
from tests.store.making import make_person, new_list, new_todo


def quiet(_done: int) -> None:
    """Take no interest in how far it is."""


async def no_time(_seconds: float) -> None:
    """Let others have a turn."""
    await asyncio.sleep(0)


class OnlyReading(FailingGraph):
    """Refuse whatever writes."""

    def __getattr__(self, name: str) -> Any:
        assert name in {"answering", "watermarks", "read_list"}, name
        return super().__getattr__(name)


async def look(store: Store, graph: Any, *, repair: bool = False) -> Checked:
    """Check without waiting; one that is to mend nothing may write nothing."""
    into = graph if repair else OnlyReading(graph)
    return await check(GraphSource(store), into, quiet, repair=repair, sleep=no_time)


async def filled(store: Store, graph: Graph) -> tuple[Actor, list[UUID]]:
    """Write three lists and project them."""
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    lists = await write_much(store, ann, bob)
    projector = Projector(GraphSource(store), graph)
    await projector.sweep()
    await projector.catch_up()
    return ann, lists


async def tamper(store: Store, graph: Graph, list_id: UUID) -> ListGraph:
    """Change what the graph holds of a list; give what it should be."""
    whole = await GraphSource(store).whole(list_id)
    assert whole is not None
    todo_id = next(iter(whole.todos))
    todos = {**whole.todos, todo_id: TodoNode(todo_id, "tampered", 0, 1, "ann")}
    forged = ListGraph(whole.id, whole.offset, todos=todos)
    await graph.replace(await graph.generation(store.epoch), forged)
    return whole


async def test_what_differs_is_found_and_mended(store: Store, graph: Graph) -> None:
    """What is merely behind is brought forward; a tampered list is taken in anew."""
    ann, lists = await filled(store, graph)
    whole = await tamper(store, graph, lists[0])
    await new_todo(store, ann, lists[1], "not in yet")

    found = await look(store, graph)
    assert [one.list_id for one in found.differences] == [lists[0]]
    assert (found.lists, found.behind, found.unread) == (3, (lists[1],), {})
    assert found.differences[0].database == digest(whole)
    mended = await look(store, graph, repair=True)
    assert ([one.list_id for one in mended.differences], mended.behind) == ([lists[0]], ())
    assert await look(store, graph) == Checked(3, (), (), {})
    await assert_right(store, graph, lists)


async def test_what_is_to_write_nothing_says_how_little_is_there(
    store: Store, graph: Graph
) -> None:
    """Of an empty graph: every list is behind. Nothing is begun, nothing brought forward."""
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    lists = await write_much(store, ann, bob)
    assert await look(store, graph) == Checked(3, (), tuple(sorted(lists)), {})
    assert await graph.answering(store.epoch) is None
    generation = await graph.generation(store.epoch)
    assert await look(store, graph) == Checked(3, (), tuple(sorted(lists)), {})
    assert await graph.watermarks(generation, lists) == {}
    await look(store, graph, repair=True)
    assert await look(store, graph) == Checked(3, (), (), {})
    await assert_right(store, graph, lists)


async def test_damage_shows_in_a_list_that_is_behind(store: Store, graph: Graph) -> None:
    """It is compared as what it becomes once the rest of its log is in."""
    ann, lists = await filled(store, graph)
    await tamper(store, graph, lists[0])
    await new_todo(store, ann, lists[0], "not in yet")
    found = await look(store, graph)
    assert ([one.list_id for one in found.differences], found.behind) == ([lists[0]], ())


async def test_a_list_that_a_worker_brings_forward_is_not_told_of(
    store: Store, graph: Graph
) -> None:
    """Whoever checks a busy graph gives it some time."""
    ann, lists = await filled(store, graph)
    await new_todo(store, ann, lists[0], "in soon")
    projector = Projector(GraphSource(store), graph)

    async def work(_seconds: float) -> None:
        await projector.sweep()
        await projector.catch_up()

    into = OnlyReading(graph)
    found = await check(GraphSource(store), into, quiet, repair=False, sleep=work)
    assert found == Checked(3, (), (), {})


@pytest.mark.parametrize("repair", [False, True])
async def test_a_list_far_behind_is_given_as_many_pages_as_it_needs(
    store: Store, graph: Graph, monkeypatch: pytest.MonkeyPatch, *, repair: bool
) -> None:
    """However long its log is, for it stands still."""
    for name in ("projection._ENTRIES", "projection._LEAST", "check._ENTRIES"):
        monkeypatch.setattr(f"store.graph.{name}", 2)
    ann, lists = await filled(store, graph)
    for number in range(60):
        await new_todo(store, ann, lists[0], f"late {number}")
    found = await look(store, graph, repair=repair)
    assert (found.differences, found.unread) == ((), {})
    assert found.behind == (() if repair else (lists[0],))
    if repair:
        await assert_right(store, graph, lists)


async def test_a_list_that_is_written_to_all_the_time_is_compared(
    store: Store, graph: Graph
) -> None:
    """What was added between the two readings is taken into account."""
    ann, lists = await filled(store, graph)

    class Busy(FailingGraph):
        async def read_list(self, generation: int, list_id: UUID) -> ListGraph | None:
            held = await self.graph.read_list(generation, list_id)
            if list_id == lists[0]:
                await new_todo(store, ann, list_id, "and another")
            return held

    for _ in range(3):
        assert await look(store, Busy(graph), repair=True) == Checked(3, (), (), {})
    await tamper(store, graph, lists[0])
    found = await look(store, Busy(graph), repair=True)
    assert [one.list_id for one in found.differences] == [lists[0]]


@pytest.mark.parametrize("error", [GraphUnavailable("Too slow."), RuntimeError("a mistake")])
async def test_a_list_that_cannot_be_read_keeps_no_other_from_being_mended(
    store: Store, graph: Graph, error: Exception
) -> None:
    """It is named, with the reason."""
    ann, lists = await filled(store, graph)
    lists.append(await new_list(store, ann))
    for one in (lists[0], lists[1]):
        await tamper(store, graph, one)

    class Slow(FailingGraph):
        async def read_list(self, generation: int, list_id: UUID) -> ListGraph | None:
            if list_id == lists[0]:
                raise error
            return await self.graph.read_list(generation, list_id)

    found = await look(store, Slow(graph), repair=True)
    assert [one.list_id for one in found.differences] == [lists[1]]
    assert found.unread == {lists[0]: getattr(error, "detail", "RuntimeError")}
    assert found.lists == 4
    await assert_right(store, graph, lists[1:])


async def test_a_graph_that_does_not_answer_ends_the_check(store: Store, graph: Graph) -> None:
    """Not one list after the other."""
    await filled(store, graph)
    failing = FailingGraph(graph)

    class Dying(FailingGraph):
        async def read_list(self, generation: int, list_id: UUID) -> ListGraph | None:
            failing.away = True
            raise GraphUnavailable

    with pytest.raises(GraphUnavailable):
        await look(store, Dying(failing), repair=True)


async def test_a_rebuild_meanwhile_is_no_difference(store: Store, graph: Graph) -> None:
    """What was looked at is gone: the lists are compared with what answers now."""
    _, lists = await filled(store, graph)
    old = await graph.generation(store.epoch)
    await tamper(store, graph, lists[0])

    class Rebuilt(FailingGraph):
        async def read_list(self, generation: int, list_id: UUID) -> ListGraph | None:
            held = await self.graph.read_list(generation, list_id)
            if generation == old and await self.graph.answering(store.epoch) == old:
                new = await self.graph.begin(store.epoch)
                for one in lists:
                    whole = await GraphSource(store).whole(one)
                    assert whole is not None
                    await self.graph.replace(new, whole)
                await self.graph.switch(new)
            return held

    rebuilt = Rebuilt(graph)
    found = await check(GraphSource(store), rebuilt, quiet, repair=False, sleep=no_time)
    assert found == Checked(3, (), (), {})


def test_the_status_says_whether_something_is_left_to_do() -> None:
    """And each list that is, with a reason."""
    one, other = UUID(int=1), UUID(int=2)
    differs = (Difference(one, digest(ListGraph(one, 1)), None),)
    for found, dry_run, status, said in (
        (Checked(3, (), (), {}), True, 0, "3 lists compared, 0 differ."),
        (Checked(3, differs, (), {}), False, 0, "3 lists compared, 1 were mended."),
        (Checked(3, differs, (), {}), True, 1, f"{one}: 0 todos in the database"),
        (Checked(3, (), (other,), {}), True, 1, f"{other}: not in the graph up to its end"),
        (Checked(3, (), (), {other: "Slow."}), False, 1, f"{other}: not compared: Slow."),
        (Checked(3, (), (), {other: "Slow."}), False, 1, "2 lists compared, 0 were mended."),
    ):
        lines, left = _report(found, dry_run=dry_run)
        assert left == status
        assert said in "\n".join(lines)
