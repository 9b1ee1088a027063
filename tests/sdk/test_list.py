"""Following a list: live, after a cut, from a state of one's own, until one is removed."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from tests.sdk.conftest import Connect, Register


async def test_changes_arrive_in_order_each_once(register: Register, connect: Connect) -> None:
    """Written on one replica, followed on the other: offsets go up by exactly one."""
    ann, bob = await register("ann"), await register("bob")
    shared = await ann.make_list()
    await ann.share(shared, bob)
    client, channel = await connect(bob), f"list:{shared}"
    await client.do("subscribe", channel=channel)
    told = await client.event("subscribed", side="client", channel=channel)
    assert told["recoverable"]
    head = told["streamPosition"]["offset"]

    written = await asyncio.gather(*(ann.add_todo(shared, f"todo {n}") for n in range(20)))

    await client.event("publication", channel=channel, offset=head + 20)
    assert client.offsets(channel) == list(range(head + 1, head + 21))
    assert {pub["data"]["todo"]["id"]: pub["offset"] for pub in client.publications(channel)} == {
        answer["todo"]["id"]: answer["offset"] for answer in written
    }
    assert {pub["data"]["actor"]["username"] for pub in client.publications(channel)} == {
        ann.username
    }


async def test_a_cut_connection_misses_nothing(register: Register, connect: Connect) -> None:
    """The network goes while someone writes: the SDK comes back by itself and has it all."""
    ann = await register("ann")
    own = await ann.make_list()
    client, channel = await connect(ann), f"list:{own}"
    await client.do("subscribe", channel=channel)
    head = (await client.event("subscribed", side="client", channel=channel))["streamPosition"]

    for _ in range(3):
        connected = len(client.events)
        writing = asyncio.gather(*(ann.add_todo(own) for _ in range(5)))
        await client.do("cut")
        await writing
        await client.event("connected", after=connected)

    last = head["offset"] + 15
    await client.event("publication", channel=channel, offset=last)
    assert client.offsets(channel) == list(range(head["offset"] + 1, last + 1))


async def test_a_long_absence_is_caught_up_in_order(register: Register, connect: Connect) -> None:
    """More than one reply can hold: the rest follows, each offset one higher, then live ones."""
    ann = await register("ann")
    own = await ann.make_list()
    client, channel = await connect(ann), f"list:{own}"
    await client.do("subscribe", channel=channel)
    head = (await client.event("subscribed", side="client", channel=channel))["streamPosition"]
    await client.do("disconnect")
    away = len(client.events)

    last = await ann.add_todos(own, 700)
    await client.do("reconnect")
    told = await client.event("subscribed", after=away, side="client", channel=channel)
    live = (await ann.add_todo(own, "live"))["offset"]

    assert told["wasRecovering"]
    assert told["recovered"]
    assert live == last + 1
    await client.event("publication", channel=channel, offset=live, within_s=20)
    assert client.offsets(channel) == list(range(head["offset"] + 1, live + 1))


@pytest.mark.usefixtures("asks_for_state")
async def test_a_state_of_ones_own_is_continued(register: Register, connect: Connect) -> None:
    """The app loads the snapshot, the SDK recovers from its position what came since."""
    ann = await register("ann")
    own = await ann.make_list()
    client, channel = await connect(ann), f"list:{own}"
    loaded: list[int] = []

    async def state(_channel: str | None) -> dict[str, Any]:
        position = await ann.position(own)
        loaded.append(position["offset"])
        # Between the snapshot and the subscription the list goes on.
        await ann.add_todo(own, "meanwhile")
        return position

    client.answers["state"] = state
    await client.do("subscribe", channel=channel, state=True)

    told = await client.event("subscribed", side="client", channel=channel)
    assert told["recovered"]
    await client.event("publication", channel=channel, offset=loaded[0] + 1)
    assert client.offsets(channel) == [loaded[0] + 1]
    assert len(loaded) == 1


@pytest.mark.usefixtures("asks_for_state")
async def test_a_position_that_cannot_be_recovered_loads_the_state_again(
    register: Register, connect: Connect
) -> None:
    """Error 112, not a gap: the SDK asks its app for the state and goes on from there."""
    ann = await register("ann")
    own = await ann.make_list()
    client, channel = await connect(ann), f"list:{own}"
    answers: list[dict[str, Any]] = [
        {"epoch": "of-another-database", "offset": 1},
        {**await ann.position(own), "offset": 10_000},
        await ann.position(own),
    ]

    async def state(_channel: str | None) -> dict[str, Any]:
        return answers.pop(0)

    client.answers["state"] = state
    await client.do("subscribe", channel=channel, state=True)

    told = await client.event("subscribed", side="client", channel=channel)
    assert told["recovered"]
    assert not answers
    written = await ann.add_todo(own)
    await client.event("publication", channel=channel, offset=written["offset"])
    assert client.offsets(channel) == [written["offset"]]


async def test_a_stranger_learns_nothing(register: Register, connect: Connect) -> None:
    """A list of others answers exactly like one that does not exist."""
    ann, eve = await register("ann"), await register("eve")
    client = await connect(eve)
    told = []

    for list_id in (await ann.make_list(), str(uuid.uuid4())):
        channel = f"list:{list_id}"
        await client.do("subscribe", channel=channel)
        answer = await client.event("unsubscribed", side="client", channel=channel)
        told.append((answer["code"], answer["reason"]))

    assert told[0] == told[1]
    assert told[0][0] == 103


async def test_a_removed_member_gets_nothing_more(register: Register, connect: Connect) -> None:
    """The subscription ends with code 2000, and no entry after the removal is ever sent."""
    ann, bob = await register("ann"), await register("bob")
    shared = await ann.make_list()
    await ann.share(shared, bob)
    client, channel = await connect(bob), f"list:{shared}"
    await client.do("subscribe", channel=channel)
    await client.event("subscribed", side="client", channel=channel)

    removed = await ann.call("DELETE", f"/lists/{shared}/members/{bob.username}")
    last = await ann.add_todos(shared, 5)
    told = await client.event("unsubscribed", side="client", channel=channel)
    left = await client.entry(f"user:{bob.id}", "list.left")

    assert told["code"] == 2000
    assert told["reason"]
    assert left["data"]["list_id"] == shared
    assert last == removed["offset"] + 5
    assert max(client.offsets(channel), default=0) <= removed["offset"]

    # Asked again it is the answer of a stranger; made a member again, the inbox says so.
    before = len(client.events)
    await client.do("resubscribe", channel=channel)
    assert (await client.event("unsubscribed", after=before, channel=channel))["code"] == 103
    await ann.share(shared, bob, "viewer")
    joined = await client.entry(f"user:{bob.id}", "list.joined", after=before)
    assert joined["data"]["role"] == "viewer"
    await client.do("resubscribe", channel=channel)
    await client.event("subscribed", after=before, side="client", channel=channel)


async def test_a_left_subscription_gets_nothing_more(register: Register, connect: Connect) -> None:
    """Unsubscribing is final until one subscribes again, which begins where it left."""
    ann = await register("ann")
    own = await ann.make_list()
    client, channel = await connect(ann), f"list:{own}"
    await client.do("subscribe", channel=channel)
    await client.event("subscribed", side="client", channel=channel)

    await client.do("unsubscribe", channel=channel)
    await client.event("unsubscribed", side="client", channel=channel)
    await ann.add_todo(own)
    # An answer on the same connection comes after whatever the service sent before it.
    await client.do("rpc", method="list.create", data={"op": str(uuid.uuid4()), "title": "x"})

    assert client.offsets(channel) == []
