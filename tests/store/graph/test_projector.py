"""The graph becomes what the database says, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from store.actor import Actor
from store.engines import StoreSettings
from store.errors import GraphUnavailable
from store.graph.backlog import Backlog
from store.graph.graph import Graph
from store.graph.graph_memory import MemoryGraph
from store.graph.model import Delta, ListGraph
from store.graph.projector import PIECES, Projector, piece_of
from store.graph.rebuild import rebuild
from store.graph.source import GraphSource
from store.leases import Leases
from store.log_id import LogId
from store.store import Store, open_store
from store.todo.commands import (
    ListDelete,
    MemberRemove,
    TodoAssign,
    TodoBlock,
    TodoDelete,
    TodoUpdate,
)
from tests.store.making import make_person, new_list, new_todo


class FailingGraph:
    """Pass everything on to a graph, and fail at one moment: before or after it did as told."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.calls = 0
        self.fail_at: int | None = None
        self.after = False
        self.away = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.graph, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            failing = self.away or self.calls == self.fail_at
            if failing and not self.after:
                raise GraphUnavailable
            done = await method(*arguments, **named)
            if failing:
                raise GraphUnavailable
            return done

        return call


class Asleep:
    """Stand for time: whoever sleeps goes on when told."""

    def __init__(self) -> None:
        self.sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def __call__(self, seconds: float) -> None:
        """Sleep."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers.append((seconds, future))
        await future

    def wake(self) -> None:
        """Wake everybody."""
        for _, future in self.sleepers:
            if not future.done():
                future.set_result(None)
        self.sleepers.clear()


async def write_much(store: Store, ann: Actor, bob: Actor) -> list[UUID]:
    """Write of everything that the graph holds, in three lists; give their ids."""
    lists = [await new_list(store, ann, bob) for _ in range(3)]
    for list_id in lists:
        foot = await new_todo(store, ann, list_id, "foot", labels=["one"], priority="high")
        top = await new_todo(store, ann, list_id, "top", blocked_by=[foot], estimate_min=5)
        await store.commit(bob, TodoAssign(todo_id=top, username="bob"))
        await store.commit(bob, TodoUpdate(todo_id=foot, changes={"completed": True}))
        third = await new_todo(store, bob, list_id, "third", due_at="2030-01-01T00:00:00Z")
        await store.commit(bob, TodoBlock(todo_id=third, by=top))
        await store.commit(ann, TodoUpdate(todo_id=third, changes={"title": "renamed"}))
        await store.commit(ann, TodoDelete(todo_id=foot))
    await store.commit(ann, MemberRemove(list_id=lists[1], username="bob"))
    await store.commit(ann, ListDelete(list_id=lists[2]))
    return lists


async def assert_right(store: Store, graph: Graph, lists: Collection[UUID]) -> None:
    """Hold every list in the graph to the database."""
    source = GraphSource(store)
    generation = await graph.generation(store.epoch)
    for list_id in lists:
        expected = await source.whole(list_id)
        assert expected is not None
        assert await graph.read_list(generation, list_id) == expected
        assert await graph.offset(list_id) == expected.offset


async def _two(store: Store) -> tuple[Actor, Actor]:
    return await make_person(store, "ann"), await make_person(store, "bob")


async def test_a_sweep_finds_what_nobody_told_of(store: Store, graph: Graph) -> None:
    """Everything written before the start, and whatever the bus lost."""
    ann, bob = await _two(store)
    lists = await write_much(store, ann, bob)
    projector = Projector(GraphSource(store), graph)
    await projector.sweep()
    await projector.catch_up()
    await assert_right(store, graph, lists)
    await new_todo(store, ann, lists[0], "one more")
    await projector.sweep()
    await projector.catch_up()
    await assert_right(store, graph, lists)


@pytest.mark.parametrize("after", [False, True], ids=["undone", "done, but not told so"])
async def test_killed_at_every_step_it_still_arrives_at_the_truth(
    store: Store, graph: Graph, *, after: bool
) -> None:
    """A new projector goes on wherever the last one ended, also when its last word was lost."""
    ann, bob = await _two(store)
    lists = await write_much(store, ann, bob)
    failing = FailingGraph(graph)
    failing.after = after
    step = 0
    while True:
        step += 1
        failing.calls = 0
        failing.fail_at = step
        projector = Projector(GraphSource(store), failing, backlog=Backlog())
        try:
            await projector.sweep()
            while projector.waiting:
                await projector.step()
        except GraphUnavailable:
            # The next one starts from what is there; meanwhile the lists grow.
            if step < 12:
                await new_todo(store, ann, lists[step % 2], f"written at step {step}")
            continue
        break
    assert step > 4
    await assert_right(store, graph, lists)


async def test_two_at_once_change_nothing_twice(store: Store, graph: Graph) -> None:
    """Leases may be lost without knowing; the watermark decides."""
    ann, bob = await _two(store)
    lists = await write_much(store, ann, bob)
    projectors = [Projector(GraphSource(store), graph) for _ in range(3)]

    async def run(projector: Projector) -> None:
        await projector.sweep()
        await projector.catch_up()

    await asyncio.gather(*map(run, projectors))
    await assert_right(store, graph, lists)


async def test_while_the_graph_is_away_nothing_piles_up(store: Store, graph: Graph) -> None:
    """What waits is a bounded set of ids; when it is back the sweep finds the rest."""
    ann, bob = await _two(store)
    lists = await write_much(store, ann, bob)
    failing = FailingGraph(graph)
    backlog = Backlog(capacity=2)
    projector = Projector(GraphSource(store), failing, backlog=backlog)
    failing.away = True
    for _ in range(3):
        projector.wake([(list_id, 99) for list_id in lists])
        with pytest.raises(GraphUnavailable):
            await projector.sweep()
    assert len(backlog) == 2
    failing.away = False
    await projector.catch_up()
    await projector.sweep()
    await projector.catch_up()
    await assert_right(store, graph, lists)


async def test_it_runs_by_itself_through_a_graph_that_goes_away(store: Store, graph: Graph) -> None:
    """Woken by changes; after a failure it waits longer and longer, then goes on.

    What comes back may hold less than before: a server whose data were restored.
    """
    ann, bob = await _two(store)
    lists = await write_much(store, ann, bob)
    failing = FailingGraph(graph)
    asleep = Asleep()
    projector = Projector(GraphSource(store), failing, sleep=asleep)
    running = asyncio.create_task(projector.run())

    async def until(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(30):
            while not await condition():
                asleep.wake()
                await asyncio.sleep(0.001)

    async def all_in() -> bool:
        return not projector.waiting and projector.projected >= 30

    async def noticed() -> bool:
        return 15.0 in [seconds for seconds, _ in asleep.sleepers]

    async def up_to_date() -> bool:
        return await graph.offset(lists[0]) == head

    await until(all_in)
    await assert_right(store, graph, lists)
    failing.away = True
    await new_todo(store, ann, lists[0], "while it is away")
    log = LogId.list(lists[0])
    head = (await store.heads([log]))[log]
    projector.wake([(lists[0], head)])
    await until(noticed)
    failing.away = False
    await until(up_to_date)
    await assert_right(store, graph, lists)

    async def forgotten() -> bool:
        return failing.calls > calls + 3

    failing.away = True
    calls = failing.calls
    await until(forgotten)
    await graph.replace(await graph.generation(store.epoch), ListGraph(lists[0], 0))
    failing.away = False
    await until(up_to_date)
    await assert_right(store, graph, lists)
    running.cancel()
    await asyncio.wait([running])


async def test_a_list_that_cannot_be_taken_in_keeps_no_other_out(
    store: Store, graph: Graph
) -> None:
    """A mistake of ours in one list is logged, and every other one is projected."""
    ann, bob = await _two(store)
    lists = await write_much(store, ann, bob)

    class Mistaken(FailingGraph):
        async def apply(self, generation: int, deltas: Sequence[Delta]) -> Mapping[UUID, int]:
            if any(delta.list_id == lists[0] for delta in deltas):
                message = "a mistake"
                raise RuntimeError(message)
            return await self.graph.apply(generation, deltas)

    projector = Projector(GraphSource(store), Mistaken(graph))
    await projector.sweep()
    await projector.catch_up()
    await assert_right(store, graph, lists[1:])
    generation = await graph.generation(store.epoch)
    assert await graph.read_list(generation, lists[0]) is None


async def test_another_epoch_is_another_graph(store: Store, graph: Graph) -> None:
    """After a restore nothing of the graph before counts."""
    ann, bob = await _two(store)
    lists = await write_much(store, ann, bob)
    projector = Projector(GraphSource(store), graph)
    await projector.sweep()
    await projector.catch_up()
    before = await graph.generation(store.epoch)
    store.epoch = "another"
    await projector.sweep()
    await projector.catch_up()
    assert await graph.generation("another") != before
    await assert_right(store, graph, lists)


async def test_a_rebuild_answers_from_the_old_until_the_new_is_whole(
    store: Store, graph: Graph
) -> None:
    """Then switches, and removes what is left over, of a broken one too."""
    ann, bob = await _two(store)
    lists = await write_much(store, ann, bob)
    projector = Projector(GraphSource(store), graph)
    await projector.sweep()
    await projector.catch_up()
    old = await graph.generation(store.epoch)
    broken = await graph.begin(store.epoch)
    told: list[tuple[str, int, int]] = []

    def progress(what: str, done: int, total: int) -> None:
        told.append((what, done, total))

    made = await rebuild(GraphSource(store), graph, progress)

    assert await graph.generation(store.epoch) == made.generation
    assert set(made.dropped) == {old, broken}
    assert await graph.others(made.generation) == ()
    assert (made.lists, told[0][0], told[-1]) == (3, "lists", ("old generations", 2, 2))
    assert max(done for what, done, _ in told if what == "lists") == 3
    await new_todo(store, ann, lists[0], "after the switch")
    await projector.sweep()
    await projector.catch_up()
    await assert_right(store, graph, lists)


async def test_workers_share_the_lists(postgresql_url: str, graph: Graph) -> None:
    """Each takes its pieces in; what one leaves, the other finds by itself."""
    store = await open_store(StoreSettings(postgresql_url))
    try:
        ann, bob = await _two(store)
        lists = [
            *await write_much(store, ann, bob),
            *[await new_list(store, ann) for _ in range(9)],
        ]
        source = GraphSource(store)
        first, second = (
            Projector(source, graph, Leases(store.database, "graph", PIECES, name))
            for name in ("first", "second")
        )
        for projector in (first, second, first, second):
            await projector.renew()
        await first.sweep()
        await first.catch_up()
        generation = await graph.generation(store.epoch)
        done = await graph.watermarks(generation, lists)
        assert 0 < len({piece_of(one) for one in done}) <= PIECES // 2
        await second.sweep()
        await second.catch_up()
        await assert_right(store, graph, lists)
    finally:
        await store.aclose()


async def test_it_tells_for_how_long_a_list_has_waited(store: Store) -> None:
    """Nothing waits, nothing is late; what waits grows older until it is in."""
    moments = iter((100.0, 103.0, 103.0))
    projector = Projector(GraphSource(store), MemoryGraph(), now=lambda: next(moments))
    assert (projector.lag_s, projector.waiting) == (0.0, 0)
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    list_id = await new_list(store, ann, bob)
    head = (await store.heads([LogId.list(list_id)]))[LogId.list(list_id)]
    projector.wake([(list_id, head)])
    assert (projector.lag_s, projector.waiting) == (3.0, 1)
    await projector.catch_up()
    assert (projector.lag_s, projector.waiting) == (0.0, 0)
