"""A replica stops without losing anything, and says when it is not fit to serve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

from realtime.bus import BusState
from realtime.bus_memory import MemoryBus, MemoryExchange
from realtime.limits import Limits
from realtime.replica import Replica
from store.log_id import LogId
from tests.realtime.acting import add_todos
from tests.realtime.asgi_client import AsgiClient
from tests.realtime.conftest import Service, settle
from tests.realtime.stores import CutStore, SlowStore

# --- life ---


async def test_a_stop_sends_clients_away_in_batches(service: Service) -> None:
    """Not all at once: those who come back are spread like those who went."""
    ann = await service.person("ann")
    replica = await service.replica(limits=Limits(drain_share=0.5))
    clients = [await service.client(replica, ann) for _ in range(4)]
    stopping = asyncio.create_task(replica.stop())
    await settle()
    assert not replica.ready
    assert [client.closed for client in clients].count(None) == 2
    service.streaming = False  # a stream is refused by its route
    refused = await service.client(replica)
    assert refused.refused == 503
    assert refused.refusal_headers[b"retry-after"] == b"1"
    await service.clock.advance(0.25)
    for client in clients:
        assert await client.end() == (3001, "shutdown")
    await stopping
    await replica.stop()


async def test_a_stop_lets_writes_finish(service: Service) -> None:
    """What was begun is committed and answered."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    slow = SlowStore(service.store)
    replica = await service.replica(store=slow)
    writing = asyncio.create_task(add_todos(service, ann, groceries, 1, at=replica))
    await slow.asked.wait()
    stopping = asyncio.create_task(replica.stop())
    await settle()
    assert not stopping.done()
    slow.go.set()
    await writing
    await stopping


async def test_a_stopped_replica_leaves_no_task(service: Service) -> None:
    """Everything it started ends with it."""
    before = asyncio.all_tasks()
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    for _ in range(3):
        client = await service.client(replica, ann)
        await client.call("subscribe", channel=f"list:{groceries}")
        await client.close()
    assert replica.connections == {}
    assert all(not feed.followers for feed in replica.hub.feeds.values())
    await replica.stop()
    await settle()
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    # aiosqlite's connections live in threads; the store's tasks are not ours.
    assert [task for task in left if "realtime" in repr(task.get_coro())] == []


async def test_a_replica_that_lost_its_database_is_not_ready(service: Service) -> None:
    """Ten seconds without a look at the heads."""
    cut = CutStore(service.store)
    replica = await service.replica(store=cut)
    assert (replica.ready, replica.bus_state) == (True, BusState.HEALTHY)
    cut.down = True
    await service.clock.advance(10.0)
    assert (replica.ready, replica.bus_state) == (False, BusState.HEALTHY)
    cut.down = False
    assert await _in_time(service, lambda: replica.ready)


async def test_a_replica_that_lost_its_database_takes_no_token(service: Service) -> None:
    """The session might have ended without its knowing; error 100 lets SDKs try again."""
    cut = CutStore(service.store)
    replica = await service.replica(store=cut)
    ann = await service.person("ann")
    session = uuid4()
    known = await service.client(replica)
    await known.connect(service.token(ann, session=session))
    cut.down = True
    await service.clock.advance(10.0)
    late = await service.client(replica)
    for client, command in ((late, "connect"), (known, "refresh")):
        refused = await client.call(command, token=service.token(ann, session=session))
        assert (refused["error"]["code"], refused["error"]["temporary"]) == (100, True)
    cut.down = False
    assert await _in_time(service, lambda: replica.ready)
    fresh = service.token(ann, session=session)
    assert "refresh" in await known.call("refresh", token=fresh)
    await service.client(replica, ann)


async def test_a_log_nobody_follows_is_let_go(service: Service) -> None:
    """After a while, so that a quick return finds it."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    client = await service.client(replica, ann)
    await client.call("subscribe", channel=f"list:{groceries}")
    log = LogId.list(groceries)
    await client.close()
    assert log in replica.hub.feeds
    assert await _in_time(service, lambda: log not in replica.hub.feeds)
    assert LogId.ALL in replica.hub.feeds
    assert LogId.CONTROL in replica.hub.feeds


async def test_two_services_on_one_exchange_need_not_know_each_other(service: Service) -> None:
    """A replica without anybody else on the bus works alone."""
    replica = Replica(service.store, MemoryBus(MemoryExchange()), service.door, clock=service.clock)
    await replica.start()
    client = AsgiClient(replica)
    async with client:
        await client.connect(service.token(await service.person("ann")))
    await replica.stop()


async def test_a_replica_that_cannot_keep_up_lets_nobody_in_for_a_moment(
    embedded: Service,
) -> None:
    """Its event loop stood still for longer than anybody should wait; soon it is ready again."""
    service = embedded
    replica = await service.replica()
    found = [replica.ready]
    await service.clock.stall(3.0)
    found.append(replica.ready)
    await service.clock.advance(0.5)
    found.append(replica.ready)
    assert found == [True, False, True]


async def _in_time(service: Service, condition: Callable[[], bool]) -> bool:
    """Let the fake clock run, and the real database's threads with it; bounded."""
    for _ in range(200):
        if condition():
            return True
        await service.clock.advance(1.0)
        await asyncio.sleep(0.005)
    return False
