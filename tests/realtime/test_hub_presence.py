"""Who is here, and what members signal to each other, over a real store."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from realtime.bus import BusMessage, PresenceChanged
from store.log_id import LogId
from tests.realtime.acting import pair
from tests.realtime.asgi_client import AsgiClient
from tests.realtime.conftest import Service
from tests.servers.deadline import eventually

# --- presence ---


async def test_presence_spans_replicas_and_counts_people_once(service: Service) -> None:
    """Connections by client id; joins and leaves to those who asked."""
    ann, bob, groceries, one = await pair(service)
    two = await service.replica()
    channel = f"list:{groceries}"
    watching = await service.client(one, ann)
    await watching.call("subscribe", channel=channel, join_leave=True)
    assert (await watching.push("join"))["info"]["client"] == watching.client
    phone, laptop = await service.client(two, bob), await service.client(one, bob)
    for client in (phone, laptop):
        await client.call("subscribe", channel=channel)
        info = (await watching.push("join"))["info"]
        assert info == {
            "client": client.client,
            "user": str(bob.id),
            "conn_info": {"username": "bob"},
        }
    await service.clock.advance(service.limits.presence_gather_s)
    other = two.hub.feeds[LogId.list(groceries)]
    await eventually(lambda: other.presence.num_clients == 3, "the other replica was told")
    for client in (watching, phone):
        present = await _presence(service, client, channel)
        assert set(present) == {watching.client, phone.client, laptop.client}
        assert present[phone.client]["conn_info"] == {"username": "bob"}
        stats = (await client.call("presence_stats", channel=channel))["presence_stats"]
        assert stats == {"num_clients": 3, "num_users": 2}
    await phone.call("unsubscribe", channel=channel)
    assert (await watching.push("leave"))["info"]["client"] == phone.client
    await laptop.close()
    assert (await watching.push("leave"))["info"]["client"] == laptop.client
    assert phone.waiting("join") == []


async def test_replicas_are_told_of_a_crowd_together(service: Service) -> None:
    """The first is told of at once; who comes in the next moment shares one message."""
    ann, bob, groceries, one = await pair(service)
    channel = f"list:{groceries}"
    other, told = service.make_bus(), Counter[int]()

    def hear(_log: LogId, _replica: str, message: BusMessage) -> None:
        if isinstance(message, PresenceChanged):
            told[len(message.joined)] += 1

    async def restored() -> None:
        """Nothing was lost."""

    await other.start("other", hear, restored)
    try:
        await other.subscribe(LogId.list(groceries))
        await (await service.client(one, ann)).call("subscribe", channel=channel)
        await eventually(lambda: told == {1: 1}, "the first is told of")
        for _ in range(5):
            await (await service.client(one, bob)).call("subscribe", channel=channel)
        assert told == {1: 1}
        await service.clock.advance(service.limits.presence_gather_s)
        await eventually(lambda: told == {1: 1, 5: 1}, "the others are told of")
    finally:
        await other.aclose()


async def test_replicas_are_told_who_went_with_a_stopped_one(service: Service) -> None:
    """Not only when its lease is over."""
    ann, bob, groceries, one = await pair(service)
    two = await service.replica()
    channel = f"list:{groceries}"
    watching = await service.client(one, ann)
    await watching.call("subscribe", channel=channel, join_leave=True)
    await watching.push("join")
    await (await service.client(two, bob)).call("subscribe", channel=channel)
    assert (await watching.push("join"))["info"]["user"] == str(bob.id)
    await two.stop()
    assert (await watching.push("leave"))["info"]["user"] == str(bob.id)


async def _presence(service: Service, client: AsgiClient, channel: str) -> dict[str, Any]:
    """Ask who is here, and let the moment pass in which other replicas may answer."""
    call = asyncio.create_task(client.call("presence", channel=channel))
    for _ in range(100):
        await asyncio.wait([call], timeout=0.02)
        if call.done():
            break
        await service.clock.advance(0.01)
    present: dict[str, Any] = (await call)["presence"]["presence"]
    return present


async def test_a_replica_that_comes_later_learns_who_is_here(service: Service) -> None:
    """It asks when its first client follows the list."""
    ann, bob, groceries, one = await pair(service)
    channel = f"list:{groceries}"
    first = await service.client(one, ann)
    await first.call("subscribe", channel=channel)
    two = await service.replica()
    second = await service.client(two, bob)
    await second.call("subscribe", channel=channel)
    present = await _presence(service, second, channel)
    assert set(present) == {first.client, second.client}


async def test_a_member_may_ask_who_is_here_without_following(service: Service) -> None:
    """The answer comes from all replicas just the same."""
    ann, bob, groceries, one = await pair(service)
    channel = f"list:{groceries}"
    first = await service.client(one, ann)
    await first.call("subscribe", channel=channel)
    two = await service.replica()
    asking = await service.client(two, bob)
    call = asyncio.create_task(asking.call("presence", channel=channel))

    def answered() -> bool:
        feed = two.hub.feeds.get(LogId.list(groceries))
        return call.done() or (feed is not None and feed.presence.num_clients > 0)

    # The other replica's answer takes real time, so the wait for it must not end before it came.
    await eventually(answered, "the other replica answers")
    while not call.done():
        await service.clock.advance(0.01)
        await asyncio.wait([call], timeout=0.02)
    assert set((await call)["presence"]["presence"]) == {first.client}


async def test_a_replica_that_died_leaves_nobody_behind(service: Service) -> None:
    """Its word counts for ten seconds."""
    ann, bob, groceries, one = await pair(service)
    two = await service.replica()
    channel = f"list:{groceries}"
    watching = await service.client(one, ann)
    await watching.call("subscribe", channel=channel, join_leave=True)
    await (await service.client(two, bob)).call("subscribe", channel=channel)
    await watching.push("join")
    await watching.push("join")
    await two._bus.aclose()  # silent from now on
    for _ in range(16):
        await service.clock.advance(1.0)
    assert (await watching.push("leave"))["info"]["user"] == str(bob.id)


# --- signals ---


async def test_signals_reach_members_who_asked_with_their_sender(service: Service) -> None:
    """Echoed to the sender, on all replicas, without an offset."""
    ann, bob, groceries, one = await pair(service)
    two = await service.replica()
    channel = f"signals:{groceries}"
    here, there = await service.client(one, ann), await service.client(two, bob)
    for client in (here, there):
        assert (await client.call("subscribe", channel=channel))["subscribe"] == {}
    data = {"type": "typing", "detail": {"field": "title"}}
    assert (await here.call("publish", channel=channel, data=data))["publish"] == {}
    for client in (here, there):
        pub = await client.push(channel=channel)
        assert pub["data"] == data
        assert pub["info"] == {
            "client": here.client,
            "user": str(ann.id),
            "conn_info": {"username": "ann"},
        }
        assert "offset" not in pub
    await there.call("unsubscribe", channel=channel)
    await here.call("publish", channel=channel, data=data)
    await here.push(channel=channel)
    await there.call("ping")
    assert there.waiting() == []


async def test_a_member_may_signal_without_following(service: Service) -> None:
    """A viewer's cursor, say."""
    ann, bob, groceries, replica = await pair(service)
    channel = f"signals:{groceries}"
    listening, sending = await service.client(replica, ann), await service.client(replica, bob)
    await listening.call("subscribe", channel=channel)
    await sending.call("publish", channel=channel, data={"type": "viewing"})
    assert (await listening.push(channel=channel))["info"]["user"] == str(bob.id)
