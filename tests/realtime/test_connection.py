"""One socket when things go wrong behind it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from realtime.limits import Limits
from realtime.replica import Replica
from store.actor import Actor
from store.errors import LockstepError, TooMany, Unavailable
from store.log_id import LogId
from tests.realtime.conftest import Service, settle
from tests.realtime.stores import FailingStore, HeldStore


@pytest.fixture
def service(embedded: Service) -> Service:
    """Say that neither the engine nor the bus is the point here."""
    return embedded


async def _setup(service: Service) -> tuple[Actor, UUID]:
    ann = await service.person("ann")
    return ann, await service.make_list(ann)


def _empty(replica: Replica, list_id: UUID) -> bool:
    feed = replica.hub.feeds.get(LogId.list(list_id))
    return feed is None or (
        not feed.followers and not feed.seats and feed.presence.num_clients == 0
    )


@pytest.mark.parametrize(
    ("error", "rpc"),
    [
        (Unavailable("down"), {"code": 503, "message": "unavailable", "temporary": True}),
        (TooMany("slow down", retry_after_s=1),
         {"code": 429, "message": "too_many_requests", "temporary": True}),
        (LockstepError(), {"code": 100, "message": "internal error", "temporary": True}),
        (RuntimeError("a bug"), {"code": 100, "message": "internal error", "temporary": True}),
    ],
)  # fmt: skip
async def test_a_store_that_fails_is_a_temporary_error(
    service: Service, error: Exception, rpc: dict[str, Any]
) -> None:
    """SDKs try again; the connection lives, and nothing stays half begun."""
    ann, groceries = await _setup(service)
    store = FailingStore(service.store)
    replica = await service.replica(store=store)
    client = await service.client(replica, ann)
    store.error = error
    internal = {"code": 100, "message": "internal error", "temporary": True}
    for name in ("list", "signals"):
        reply = await client.call("subscribe", channel=f"{name}:{groceries}")
        assert reply["error"] == internal
    assert (await client.call("history", channel=f"list:{groceries}"))["error"] == internal
    data = {"list_id": str(groceries), "title": "milk"}
    assert (await client.call("rpc", method="todo.create", data=data))["error"] == rpc
    assert _empty(replica, groceries)
    store.error = None
    for name in ("list", "signals"):
        assert "subscribe" in await client.call("subscribe", channel=f"{name}:{groceries}")


async def test_a_connect_that_cannot_be_finished_is_a_temporary_error(service: Service) -> None:
    """The SDK connects again; this socket is over."""
    ann, _ = await _setup(service)
    store = FailingStore(service.store)
    replica = await service.replica(store=store)
    client = await service.client(replica)
    store.error = Unavailable("down")
    reply = await client.call("connect", token=service.token(ann))
    assert reply["error"]["temporary"] is True
    await client.close()
    assert replica.connections == {}
    assert all(not feed.followers for feed in replica.hub.feeds.values())


async def test_a_subscribe_that_takes_too_long_is_given_up(service: Service) -> None:
    """After 4 s the client is told to try again, and the late read changes nothing."""
    ann, groceries = await _setup(service)
    store = HeldStore(service.store)
    replica = await service.replica(store=store)
    client = await service.client(replica, ann)
    for name in ("list", "signals"):
        channel = f"{name}:{groceries}"
        store.hold_next = True
        store.read_done.clear()
        store.go.clear()
        call = asyncio.create_task(client.call("subscribe", channel=channel))
        await store.read_done.wait()
        await service.clock.advance(5.0)
        assert (await call)["error"] == {
            "code": 100,
            "message": "internal error",
            "temporary": True,
        }
        store.go.set()
        await settle()
        assert _empty(replica, groceries)
        assert "subscribe" in await client.call("subscribe", channel=channel)
        await client.call("unsubscribe", channel=channel)


async def test_a_client_that_goes_while_it_is_subscribed_leaves_nothing(service: Service) -> None:
    """The read may still be under way."""
    ann, groceries = await _setup(service)
    store = HeldStore(service.store)
    replica = await service.replica(store=store)
    for name in ("list", "signals"):
        client = await service.client(replica, ann)
        store.hold_next = True
        store.read_done.clear()
        store.go.clear()
        client.say({"id": 50, "subscribe": {"channel": f"{name}:{groceries}"}})
        await store.read_done.wait()
        await client.close()
        store.go.set()
        await settle()
        assert _empty(replica, groceries)


async def test_signals_flow_whatever_is_asked_for_next(service: Service) -> None:
    """A command that comes with the subscription, and takes a read, does not undo it."""
    ann, groceries = await _setup(service)
    replica = await service.replica()
    client = await service.client(replica, ann)
    channels = [f"{name}:{groceries}" for name in ("signals", "list")]
    client.say(
        *(
            {"id": number, "subscribe": {"channel": channel}}
            for number, channel in enumerate(channels, 50)
        )
    )
    for number in (50, 51):
        assert "subscribe" in await client.reply(number)

    await client.call("publish", channel=channels[0], data={"type": "typing"})

    assert (await client.push(channel=channels[0]))["data"] == {"type": "typing"}


async def test_who_is_removed_while_the_read_is_under_way_gets_nothing_after(
    service: Service,
) -> None:
    """The read saw a member, the feed has delivered the removal since."""
    ann, groceries = await _setup(service)
    bob = await service.person("bob")
    fields: dict[str, Any] = {"list_id": str(groceries), "username": "bob"}
    await service.do(ann, "member.set", role="editor", **fields)
    store = HeldStore(service.store)
    replica = await service.replica(store=store)
    watching = await service.client(replica, ann)
    await watching.call("subscribe", channel=f"list:{groceries}")
    for name in ("list", "signals"):
        client = await service.client(replica, bob)
        store.hold_next = True
        store.read_done.clear()
        store.go.clear()
        channel = f"{name}:{groceries}"
        call = asyncio.create_task(client.call("subscribe", channel=channel))
        await store.read_done.wait()
        await service.do(ann, "member.remove", at=replica, **fields)
        await service.do(ann, "todo.create", at=replica, list_id=str(groceries), title="secret")
        store.go.set()
        reply = await call
        if name == "list":
            pub = await client.push(channel=channel)
            assert pub["data"]["type"] == "member.removed"
            assert (await client.push("unsubscribe", channel))["code"] == 2000
        else:
            assert reply["error"]["code"] == 103
        await client.call("ping")
        assert client.waiting(channel=channel) == []
        await service.do(ann, "member.set", role="editor", **fields)


async def test_a_database_that_fails_during_a_catch_up_only_delays_it(service: Service) -> None:
    """The rest comes when it answers again."""
    ann, groceries = await _setup(service)
    for _ in range(10):
        await service.do(ann, "todo.create", list_id=str(groceries), title="milk")
    store = FailingStore(service.store)
    replica = await service.replica(store=store, limits=Limits(page_entries=3))
    client = await service.client(replica, ann)
    client.reading.clear()  # the second page waits for nothing but the read
    client.say({"id": 50, "subscribe": {
        "channel": f"list:{groceries}", "recover": True, "offset": 0,
    }})  # fmt: skip
    feed_known = LogId.list(groceries)
    for _ in range(2_000):
        if feed_known in replica.hub.feeds and replica.hub.feeds[feed_known].followers:
            break
        await asyncio.sleep(0)
    client.reading.set()
    reply = await client.reply(50)
    store.error = Unavailable("down")
    got = [pub["offset"] for pub in reply["subscribe"]["publications"]]
    await service.clock.advance(3.0)
    store.error = None
    for _ in range(20):
        await service.clock.advance(1.0)
        await asyncio.sleep(0.005)
    got += [(await client.push())["offset"] for _ in range(12 - len(got))]
    assert got == list(range(1, 13))


async def test_reads_wait_their_turn_and_not_for_ever(service: Service) -> None:
    """A bounded number at once; who would wait too long is told to try again."""
    ann, groceries = await _setup(service)
    store = HeldStore(service.store)
    replica = await service.replica(store=store, limits=Limits(reads=1, read_wait_s=0.05))
    first, second = await service.client(replica, ann), await service.client(replica, ann)
    store.hold_next = True
    call = asyncio.create_task(first.call("subscribe", channel=f"list:{groceries}"))
    await store.read_done.wait()
    reply = await second.call("history", channel=f"list:{groceries}")
    assert reply["error"] == {"code": 111, "message": "too many requests", "temporary": True}
    store.go.set()
    assert "subscribe" in await call
    assert "history" in await second.call("history", channel=f"list:{groceries}")


async def test_an_unknown_log_is_an_empty_one(service: Service) -> None:
    """A user whose inbox was never written to connects all the same."""
    ann, _ = await _setup(service)
    ghost = Actor(UUID(int=7), "ghost")
    client = await service.client(await service.replica())
    connected = await client.connect(service.token(ghost))
    assert connected["subs"][f"user:{ghost.id}"]["offset"] == 0
    assert ann.id != ghost.id
