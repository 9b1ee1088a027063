"""Tests of telling which lists have grown."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from realtime.bus import BusMessage, Grown
from realtime.bus_memory import MemoryBus, MemoryExchange
from realtime.growth import Growth, Heads
from store.entry import Entry
from store.log_id import LogId


async def test_changes_of_a_moment_are_one_message_with_the_last_offset_of_each_list() -> None:
    """Here and on the bus; inboxes are nobody's business."""
    exchange = MemoryExchange()
    near, far = MemoryBus(exchange), MemoryBus(exchange)
    heard: list[BusMessage] = []
    told: list[tuple[UUID, int]] = []
    arrived = asyncio.Event()

    def receive(log: LogId, replica: str, message: BusMessage) -> None:
        assert (log, replica) == (LogId.LISTS, "near")
        heard.append(message)
        arrived.set()

    async def restored() -> None:
        """Have nothing to restore."""

    def grown(heads: Heads) -> None:
        told.extend(heads)

    await near.start("near", lambda *_: None, restored)
    await far.start("far", receive, restored)
    await far.subscribe(LogId.LISTS)
    growth = Growth(near, grown)
    one, two = uuid4(), uuid4()
    for log, offset in (
        (LogId.list(one), 1),
        (LogId.user(uuid4()), 8),
        (LogId.list(two), 5),
        (LogId.list(one), 2),
    ):
        growth.note(Entry(log, offset, "todo.moved", None, b"{}"))
    await arrived.wait()
    assert heard == [Grown(((one, 2), (two, 5)))]
    assert told == [(one, 2), (two, 5)]
    arrived.clear()
    growth.note(Entry(LogId.list(one), 3, "todo.moved", None, b"{}"))
    await arrived.wait()
    assert heard[1:] == [Grown(((one, 3),))]
