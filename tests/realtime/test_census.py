"""Who is connected and what is followed."""

from __future__ import annotations

import asyncio

from realtime.census import Census, take_census
from realtime.replica import Replica
from realtime.subprotocol import choose
from tests.realtime.asgi_client import AsgiClient
from tests.realtime.conftest import Service
from tests.realtime.stream_client import StreamClient


async def census(replica: Replica) -> Census:
    """Count now."""
    return await take_census(replica.connections, replica.hub.feeds.values())


async def test_nobody_is_nobody(embedded: Service) -> None:
    """What a replica follows for itself counts for nobody."""
    found = await census(await embedded.replica())
    assert found == Census({}, {"list": 0, "user": 0, "all": 0, "signals": 0}, 0, 0)


async def test_connections_are_told_apart_by_carrier_and_encoding(embedded: Service) -> None:
    """And subscriptions by what they follow; both are gone with the socket."""
    ann = await embedded.person("ann")
    groceries = await embedded.make_list(ann)
    replica = await embedded.replica()
    client = await embedded.client(replica, ann)
    await client.call("subscribe", channel=f"list:{groceries}")
    await client.call("subscribe", channel=f"signals:{groceries}")
    _, binary = choose(["centrifuge-protobuf"])
    assert binary is not None
    stranger = AsgiClient(replica, subprotocols=[binary])
    stream = StreamClient(replica, replica)
    await stranger.open()
    await stream.open()
    try:
        await stream.connect(embedded.token(ann))
        found = await census(replica)
        assert found.connections == {
            ("asgi", "centrifuge-json"): 1,
            ("asgi", "centrifuge-protobuf"): 1,
            ("http_stream", "centrifuge-json"): 1,
        }
        assert found.subscriptions == {"list": 1, "user": 2, "all": 2, "signals": 1}
    finally:
        await stream.close()
        await stranger.close()
    await client.close()
    assert await census(replica) == Census({}, dict.fromkeys(found.subscriptions, 0), 0, 0)


async def test_what_waits_for_sockets_is_summed_up(embedded: Service) -> None:
    """In bytes, and how many sockets it waits for."""
    ann = await embedded.person("ann")
    groceries = await embedded.make_list(ann)
    replica = await embedded.replica()
    clients = [await embedded.client(replica, ann) for _ in range(2)]
    for client in clients:
        await client.call("subscribe", channel=f"list:{groceries}")
        client.reading.clear()
    for title in ("milk", "bread", "salt"):
        await embedded.do(ann, "todo.create", at=replica, list_id=str(groceries), title=title)
    found = await census(replica)
    assert found.queueing == 2
    assert found.outbox_bytes == sum(one.outbox.bytes for one in replica.connections) > 0


async def test_a_great_many_are_counted_without_holding_anybody_up(embedded: Service) -> None:
    """The loop gets its turn after each thousand; who leaves meanwhile harms nothing."""
    replica = await embedded.replica()
    client = await embedded.client(replica)
    [connection] = replica.connections
    crowd = [connection] * 5_000
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            crowd.clear()
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    try:
        found = await take_census(crowd, ())
    finally:
        task.cancel()
    assert sum(found.connections.values()) == 5_000
    assert turns >= 4
    await client.close()
