"""A replica with real clients in memory and a real store: what everybody relies on."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest

from realtime.bus import BusState
from realtime.bus_redis import RedisBus
from realtime.clock import SystemClock
from realtime.limits import Limits
from store.log_id import LogId
from tests.realtime.acting import add_todos
from tests.realtime.asgi_client import AsgiClient
from tests.realtime.conftest import DegradableBus, Service
from tests.realtime.stores import HeldStore, RestoredStore, SlowStore
from tests.servers.redis import RedisServer
from tests.servers.run import Run


async def test_a_change_reaches_everyone_who_follows_the_list(service: Service) -> None:
    """Both members' sockets get the entry, the writer's too, with the next offset."""
    ann, bob = await service.person("ann"), await service.person("bob")
    groceries = await service.make_list(ann, bob)
    replica = await service.replica()
    first, second = await service.client(replica, ann), await service.client(replica, bob)
    channel = f"list:{groceries}"
    for client in (first, second):
        reply = await client.call("subscribe", channel=channel)
        assert reply["subscribe"]["offset"] == 3
    answer = await first.call(
        "rpc", method="todo.create", data={"list_id": str(groceries), "title": "milk"}
    )
    assert answer["rpc"]["data"]["offset"] == 4
    for client in (first, second):
        pub = await client.push()
        assert pub["offset"] == 4
        assert pub["data"]["type"] == "todo.created"
        assert pub["data"]["todo"]["title"] == "milk"


async def test_a_client_that_was_away_gets_exactly_what_it_missed(service: Service) -> None:
    """Recovery begins after the position asked for and goes on live."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    await add_todos(service, ann, groceries, 3)
    client = await service.client(replica, ann)
    reply = await client.call(
        "subscribe",
        channel=f"list:{groceries}",
        recover=True,
        epoch=service.store.epoch,
        offset=3,
    )
    subscribed = reply["subscribe"]
    assert (subscribed["was_recovering"], subscribed["recovered"]) == (True, True)
    assert subscribed["offset"] == 3
    assert [pub["offset"] for pub in subscribed["publications"]] == [4, 5]
    await add_todos(service, ann, groceries, 1, at=replica)
    assert (await client.push())["offset"] == 6


@pytest.mark.parametrize(
    ("position", "recovered"),
    [
        ({"offset": 3}, True),
        ({"offset": 0, "epoch": ""}, True),
        ({"offset": 6}, False),
        ({"offset": 2**53}, False),
        ({"offset": 2**70}, False),
        ({"offset": -1}, False),
        ({"offset": 3, "epoch": "_"}, False),
    ],
)
async def test_a_resume_is_complete_or_a_reset(
    service: Service, position: dict[str, Any], recovered: bool
) -> None:
    """Either everything after the position, or a clear no with the head; with flag 2 an error."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    await add_todos(service, ann, groceries, 3)
    client = await service.client(replica, ann)
    asked = {"channel": f"list:{groceries}", "recover": True, **position}
    if not recovered:
        reply = await client.call("subscribe", **asked, flag=2)
        assert reply["error"] == {"code": 112, "message": "unrecoverable position"}
    subscribed = (await client.call("subscribe", **asked))["subscribe"]
    assert subscribed["recovered"] is recovered
    got = [pub["offset"] for pub in subscribed.get("publications", [])]
    assert got == (list(range(position["offset"] + 1, 6)) if recovered else [])
    assert subscribed["offset"] == (position["offset"] if recovered else 5)


async def test_two_first_subscribers_whose_reads_overtake_each_other_miss_nothing(
    service: Service,
) -> None:
    """The newer read begins the feed; what lies between it and the older one is not lost."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    held = HeldStore(service.store)
    replica = await service.replica(store=held)
    first, second = await service.client(replica, ann), await service.client(replica, ann)
    held.hold_next = True
    channels = (f"list:{groceries}", f"signals:{groceries}")
    first.say({"id": 50, "subscribe": {"channel": channels[0]}})
    await held.read_done.wait()
    await add_todos(service, ann, groceries, 1)
    for channel in channels:
        await second.call("subscribe", channel=channel)
    held.go.set()
    offset = (await first.reply(50))["subscribe"]["offset"]
    await add_todos(service, ann, groceries, 1, at=replica)
    got = [(await first.push())["offset"] for _ in range(4 - offset)]
    assert got == list(range(offset + 1, 5))
    assert offset == 3
    assert (await second.push())["offset"] == 4


async def test_a_long_backlog_comes_in_pages_then_live(service: Service) -> None:
    """The reply holds the first page, pushes the rest, each offset exactly one higher."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica(limits=Limits(page_entries=4))
    await add_todos(service, ann, groceries, 20)
    client = await service.client(replica, ann)
    reply = await client.call("subscribe", channel=f"list:{groceries}", recover=True, offset=1)
    got = [pub["offset"] for pub in reply["subscribe"]["publications"]]
    assert got == [2, 3, 4, 5]
    await add_todos(service, ann, groceries, 3, at=replica)
    got += [(await client.push())["offset"] for _ in range(20)]
    assert got == list(range(2, 26))
    assert client.waiting() == []


async def test_a_change_written_elsewhere_arrives_by_the_head_poll(service: Service) -> None:
    """With no word from the bus at all, a look at the heads brings it within a second."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    client = await service.client(replica, ann)
    await client.call("subscribe", channel=f"list:{groceries}")
    await add_todos(service, ann, groceries, 1)
    assert client.waiting() == []
    await service.clock.advance(1.0)
    assert (await client.push())["offset"] == 3


async def test_with_a_degraded_bus_the_heads_are_looked_at_more_often(embedded: Service) -> None:
    """Nothing else tells of changes then: four times a second, until the bus is back."""
    service = embedded
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    bus = DegradableBus()
    bus.degraded = True
    replica = await service.replica(bus)
    client = await service.client(replica, ann)
    await client.call("subscribe", channel=f"list:{groceries}")
    await service.clock.advance(1.0)
    await add_todos(service, ann, groceries, 1)
    await service.clock.advance(0.25)
    assert (await client.push())["offset"] == 3
    bus.degraded = False
    await service.clock.advance(0.25)
    await add_todos(service, ann, groceries, 1)
    await service.clock.advance(0.75)
    assert client.waiting() == []
    await service.clock.advance(0.25)
    assert (await client.push())["offset"] == 4


async def test_a_change_on_one_replica_reaches_clients_of_another(service: Service) -> None:
    """At once, by the bus; the head poll is not needed."""
    ann, bob = await service.person("ann"), await service.person("bob")
    groceries = await service.make_list(ann, bob)
    one, two = await service.replica(), await service.replica()
    client = await service.client(two, bob)
    await client.call("subscribe", channel=f"list:{groceries}")
    await add_todos(service, ann, groceries, 1, at=one)
    assert (await client.push())["offset"] == 4


async def test_a_gap_is_repaired_by_one_read_for_all(service: Service) -> None:
    """The bus brings the later entry first: everybody still gets both, in order."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    one, two = await service.replica(), await service.replica()
    clients = [await service.client(two, ann) for _ in range(3)]
    for client in clients:
        await client.call("subscribe", channel=f"list:{groceries}")
    await add_todos(service, ann, groceries, 1)  # nobody tells of it
    await add_todos(service, ann, groceries, 1, at=one)
    for client in clients:
        assert [(await client.push())["offset"] for _ in range(2)] == [3, 4]
    assert two.counts.repairs == 1


async def test_the_inbox_and_broadcasts_come_without_asking(service: Service) -> None:
    """``user:<own id>`` and ``all`` are subscribed at connect; a reconnect resumes them."""
    ann, bob = await service.person("ann"), await service.person("bob")
    await service.make_list(ann, bob)
    replica = await service.replica()
    inbox = f"user:{bob.id}"
    client = await service.client(replica)
    connected = await client.connect(service.token(bob))
    assert set(connected["subs"]) == {inbox, "all"}
    before = connected["subs"][inbox]
    assert before["recoverable"] is True
    assert before["positioned"] is True
    await service.do(ann, "message.send", at=replica, to="bob", text="hello")
    pub = await client.push(channel=inbox)
    assert pub["data"]["type"] == "message.received"
    assert pub["offset"] == before["offset"] + 1
    again = await service.client(replica)
    subs = {
        inbox: {"recover": True, "epoch": before["epoch"], "offset": before["offset"]},
        "all": {"recover": True, "epoch": "old", "offset": 0, "flag": 2},
    }
    resumed = (await again.connect(service.token(bob), subs=subs))["subs"]
    assert resumed[inbox]["recovered"] is True
    assert [one["offset"] for one in resumed[inbox]["publications"]] == [pub["offset"]]
    assert resumed["all"]["recovered"] is False


async def test_a_stranger_gets_the_same_answer_as_for_nothing(service: Service) -> None:
    """Not even that the list exists."""
    ann, eve = await service.person("ann"), await service.person("eve")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    client = await service.client(replica, eve)
    for list_id in (groceries, uuid4()):
        denied = {"code": 103, "message": "permission denied"}
        channel, signals = f"list:{list_id}", f"signals:{list_id}"
        for name, body in (
            ("subscribe", {"channel": channel}),
            ("subscribe", {"channel": channel, "recover": True, "offset": 1}),
            ("subscribe", {"channel": channel, "recover": True, "offset": 99, "flag": 2}),
            ("subscribe", {"channel": signals}),
            ("publish", {"channel": signals, "data": {"type": "typing"}}),
            ("history", {"channel": channel, "limit": 5}),
            ("history", {"channel": channel, "limit": 5, "since": {"offset": 99}}),
            ("history", {"channel": channel, "limit": 5, "reverse": True}),
            ("presence", {"channel": channel}),
            ("presence_stats", {"channel": channel}),
        ):
            assert (await client.call(name, **body))["error"] == denied, (name, body)
        data = {"list_id": str(list_id), "title": "x"}
        reply = await client.call("rpc", method="todo.create", data=data)
        assert reply["error"] == {"code": 404, "message": "not_found"}


async def test_history_pages_through_the_log_both_ways(service: Service) -> None:
    """From a position, from an end, newest first; out of reach is an error."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    await add_todos(service, ann, groceries, 4)
    client = await service.client(replica, ann)
    channel, epoch = f"list:{groceries}", service.store.epoch

    async def history(**body: Any) -> Any:
        reply = await client.call("history", channel=channel, **body)
        if "error" in reply:
            return reply["error"]["code"]
        assert (reply["history"]["epoch"], reply["history"]["offset"]) == (epoch, 6)
        return [pub["offset"] for pub in reply["history"].get("publications", [])]

    assert await history() == []
    assert await history(limit=3) == [1, 2, 3]
    assert await history(limit=3, since={"offset": 4, "epoch": epoch}) == [5, 6]
    assert await history(limit=3, reverse=True) == [6, 5, 4]
    assert await history(limit=3, reverse=True, since={"offset": 4}) == [3, 2, 1]
    assert await history(limit=3, since={"offset": 6}) == []
    assert await history(limit=3, since={"offset": 7}) == 112
    assert await history(limit=3, since={"offset": 1, "epoch": "old"}) == 112
    assert await history(limit=3, since={"offset": -1}) == 112


@pytest.mark.parametrize("reverse", [False, True])
async def test_a_page_of_history_is_bounded_in_bytes(service: Service, *, reverse: bool) -> None:
    """Whichever way it is read, but it holds at least one entry."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica(limits=Limits(history_bytes=25_000))
    for letter in ("x", "x", "x", "\U0001f95b", "x", "x", "x"):  # the fourth is too large itself
        await service.do(
            ann, "todo.create", list_id=str(groceries), title="long", notes=letter * 10_000
        )
    client = await service.client(replica, ann)

    async def history(offset: int) -> list[int]:
        body = {"limit": 500, "reverse": reverse, "since": {"offset": offset}}
        reply = await client.call("history", channel=f"list:{groceries}", **body)
        return [pub["offset"] for pub in reply["history"]["publications"]]

    if reverse:
        assert await history(9) == [8, 7]
        assert await history(7) == [6]
        assert await history(6) == [5, 4]
    else:
        assert await history(2) == [3, 4]
        assert await history(5) == [6]
        assert await history(6) == [7, 8]


async def test_a_refusal_of_the_store_is_its_status_and_word(service: Service) -> None:
    """The same rules as over HTTP, and the connection stays."""
    ann, bob = await service.person("ann"), await service.person("bob")
    groceries = await service.make_list(ann)
    await service.do(ann, "member.set", list_id=str(groceries), username="bob", role="viewer")
    replica = await service.replica()
    client = await service.client(replica, bob)
    data = {"list_id": str(groceries), "title": "milk"}
    reply = await client.call("rpc", method="todo.create", data=data)
    assert reply["error"] == {"code": 403, "message": "forbidden"}
    assert "ping" in await client.call("ping")


async def test_the_same_operation_is_carried_out_once(service: Service) -> None:
    """A retry on another replica gets the first answer; no second entry appears."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    one, two = await service.replica(), await service.replica()
    data = {"list_id": str(groceries), "title": "milk", "op": str(uuid4())}
    first = await (await service.client(one, ann)).call("rpc", method="todo.create", data=data)
    second = await (await service.client(two, ann)).call("rpc", method="todo.create", data=data)
    assert first["rpc"]["data"] == second["rpc"]["data"]
    assert await service.store.heads([LogId.list(groceries)]) == {LogId.list(groceries): 3}


async def test_a_write_outlives_whoever_asked_for_it(service: Service) -> None:
    """A cancelled request neither loses its command nor keeps it from the followers."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    slow = SlowStore(service.store)
    replica = await service.replica(store=slow)
    client = await service.client(replica, ann)
    await client.call("subscribe", channel=f"list:{groceries}")
    request = asyncio.create_task(add_todos(service, ann, groceries, 1, at=replica))
    await slow.asked.wait()
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    slow.go.set()
    assert (await client.push())["offset"] == 3


async def test_another_database_sends_everybody_back_to_the_start(service: Service) -> None:
    """After a restore no position counts: SDKs connect again, and are told to start anew."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    restored = RestoredStore(service.store)
    replica = await service.replica(store=restored)
    client = await service.client(replica, ann)
    channel = f"list:{groceries}"
    await client.call("subscribe", channel=channel)
    restored.on = True
    await service.clock.advance(1.0)
    assert (await client.end())[0] == 3010
    again = await service.client(replica, ann)
    asked = {"channel": channel, "recover": True, "epoch": service.store.epoch, "offset": 2}
    assert (await again.call("subscribe", **asked))["subscribe"]["recovered"] is False
    assert (await again.call("ping"))["ping"] == {}


async def test_changes_arrive_while_redis_is_gone_and_at_once_when_it_is_back(
    embedded: Service, own_redis: RedisServer, run: Run
) -> None:
    """The look at the heads takes over; what was written meanwhile is there, nothing twice."""
    url = own_redis.url()
    ann = await embedded.person("ann")
    groceries = await embedded.make_list(ann)
    one, two = [
        await embedded.replica(RedisBus(url, key=b"k" * 32), clock=SystemClock()) for _ in "ab"
    ]
    client = AsgiClient(two)
    embedded.clients.append(client)
    await client.open()
    await client.connect(embedded.door.issue(ann, issued_at=time.time()))
    await client.call("subscribe", channel=f"list:{groceries}")
    assert own_redis.process is not None
    own_redis.process.kill()
    began = time.monotonic()
    await add_todos(embedded, ann, groceries, 1, at=one)
    wrote_s = time.monotonic() - began
    assert (await client.push())["offset"] == 3
    assert wrote_s < 1.0
    own_redis.launch(run)
    while BusState.DEGRADED in (one.bus_state, two.bus_state):
        assert time.monotonic() - began < 30.0
        await asyncio.sleep(0.02)
    await add_todos(embedded, ann, groceries, 2, at=one)
    assert [(await client.push())["offset"] for _ in range(2)] == [4, 5]
    assert client.waiting() == []
