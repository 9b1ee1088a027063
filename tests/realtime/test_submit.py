"""The only write path: nothing behind the commit can fail it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from realtime.bus import Appended, BusMessage
from realtime.bus_memory import MemoryBus
from realtime.submit import Submit
from realtime.tasks import Tasks
from store.actor import Actor
from store.committed import Committed
from store.entry import Entry, Position
from store.errors import Forbidden
from store.log_id import LogId
from store.todo.commands import Command, ListDelete
from tests.realtime.makers import LIST, USER, entry

ANN = Actor(USER, "ann")
COMMAND = ListDelete(list_id=LIST)


class _Store:
    """Commit two entries, or refuse."""

    epoch = "e"
    refusal: Exception | None = None

    async def commit(self, actor: Actor, command: Any, **options: Any) -> Committed:
        await asyncio.sleep(0)
        if self.refusal is not None:
            raise self.refusal
        entries = (entry(7), entry(3, log=LogId.user(USER)))
        return Committed(200, b"{}", Position("e", 7), entries)

    async def commit_all(
        self, actor: Actor, commands: Sequence[Command], **options: Any
    ) -> tuple[Committed, ...]:
        return tuple([await self.commit(actor, command) for command in commands])

    async def commit_first(
        self, actor: Actor, commands: Sequence[Command], **options: Any
    ) -> tuple[Committed, ...]:
        return await self.commit_all(actor, commands[:1])


class _Bus(MemoryBus):
    """Note what is published, or fail."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.broken = broken
        self.published: list[tuple[LogId, BusMessage]] = []

    def publish(self, log: LogId, message: BusMessage) -> None:
        if self.broken:
            raise RuntimeError
        self.published.append((log, message))


async def test_committed_entries_go_to_the_hub_and_the_bus() -> None:
    """Each under its own log, in order."""
    offered: list[Entry] = []
    bus = _Bus()
    committed = await Submit(_Store(), offered.append, bus, Tasks())(ANN, COMMAND)
    assert tuple(offered) == committed.entries
    assert bus.published == [(one.log, Appended("e", one)) for one in committed.entries]


async def test_a_batch_is_told_of_like_its_commands() -> None:
    """Entry by entry, in order."""
    offered: list[Entry] = []
    bus = _Bus()
    made = await Submit(_Store(), offered.append, bus, Tasks()).together(ANN, [COMMAND, COMMAND])
    assert offered == [one for committed in made for one in committed.entries]
    assert len(bus.published) == 4


async def test_a_refused_command_is_told_to_nobody() -> None:
    """There are no phantoms."""
    offered: list[Entry] = []
    bus, store = _Bus(), _Store()
    store.refusal = Forbidden("no")
    with pytest.raises(Forbidden):
        await Submit(store, offered.append, bus, Tasks())(ANN, COMMAND)
    assert (offered, bus.published) == ([], [])


async def test_neither_hub_nor_bus_can_fail_a_write() -> None:
    """What is committed is answered; the head poll brings it to the followers."""

    def broken(_: Entry) -> None:
        raise RuntimeError

    committed = await Submit(_Store(), broken, _Bus(broken=True), Tasks())(ANN, COMMAND)
    assert committed.status == 200


async def test_a_cancelled_caller_leaves_the_work_to_the_replica() -> None:
    """It ends as if nobody had gone; a refusal then is nobody's."""
    for refusal in (None, Forbidden("no")):
        store, tasks, offered = _Store(), Tasks(), list[Entry]()
        store.refusal = refusal
        call = asyncio.create_task(Submit(store, offered.append, _Bus(), tasks)(ANN, COMMAND))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await tasks.finish(5.0)
        assert len(tasks) == 0
        assert len(offered) == (2 if refusal is None else 0)


async def test_tasks_end_with_their_owner() -> None:
    """Cancelled and awaited, whatever they do."""
    tasks = Tasks()
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    for name in "ab":
        tasks.spawn(work(name))
    await asyncio.sleep(0)
    await tasks.cancel()
    assert (len(tasks), sorted(ended)) == (0, ["a", "b"])
