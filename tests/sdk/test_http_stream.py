"""Faults of whole processes, as a device on an HTTP stream lives through them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.sdk.conftest import MakeClient
from tests.servers.deadline import eventually
from tests.servers.person import Person
from tests.servers.redis import RedisServer
from tests.servers.replica import Replica
from tests.servers.run import Run
from tests.servers.sdk_client import SdkClient, SdkError

pytestmark = pytest.mark.faults


def _create(title: str) -> dict[str, Any]:
    return {"method": "list.create", "data": {"op": str(uuid.uuid4()), "title": title}}


async def _works(client: SdkClient) -> bool:
    """Tell whether a command is carried out."""
    try:
        await client.do("rpc", **_create("a list"))
    except SdkError:
        return False
    return True


async def _device(
    make_client: MakeClient, person: Person, stream_at: Replica, commands_at: Replica
) -> SdkClient:
    """Connect a device whose stream one replica answers and whose commands another takes."""
    client = await make_client("javascript-stream")
    client.answers["token"] = person.refresh
    options = {"emulationEndpoint": f"{commands_at.origin}/emulation"}
    await client.do("connect", url=stream_at.websocket, token=person.access_token, options=options)
    await client.event("connected")
    return client


async def test_without_redis_a_stream_still_brings_every_change(
    run: Run,
    replicas: tuple[Replica, Replica],
    own_redis: RedisServer,
    make_client: MakeClient,
) -> None:
    """Commands by way of another replica fail at once and work again when Redis is back."""
    ann = await Person.register(replicas[0])
    own = await ann.make_list()
    channel = f"list:{own}"
    client = await _device(make_client, ann, stream_at=replicas[1], commands_at=replicas[0])
    near = await _device(make_client, ann, stream_at=replicas[1], commands_at=replicas[1])
    for one in (client, near):
        await one.do("subscribe", channel=channel)
    told = await client.event("subscribed", side="client", channel=channel)
    head = told["streamPosition"]["offset"]
    assert own_redis.process is not None

    own_redis.process.kill()
    # Not delivered, and told so (503): the SDK rejects the command, and connects again.
    assert not await _works(client)
    assert await _works(near)
    last = (await ann.add_todo(own))["offset"]
    for one in (client, near):
        await one.event("publication", channel=channel, offset=last, within_s=20)
        assert one.offsets(channel) == list(range(head + 1, last + 1))
    own_redis.launch(run)

    await eventually(lambda: _works(client), "commands arrive again", within_s=30)
    last = (await ann.add_todo(own))["offset"]
    await client.event("publication", channel=channel, offset=last, within_s=20)
    assert client.offsets(channel) == list(range(head + 1, last + 1))


async def test_a_stop_tells_streams_why_and_waits_for_nobody(
    replicas: tuple[Replica, Replica], make_client: MakeClient
) -> None:
    """SIGTERM: 3001 on the stream, a whole answer, and an exit status of 0."""
    ann = await Person.register(replicas[0])
    clients = [await _device(make_client, ann, replicas[1], replicas[0]) for _ in range(3)]

    assert await replicas[1].stop(timeout_s=20) == 0

    for client in clients:
        assert (await client.event("connecting", after=2))["code"] == 3001
    marks = [len(client.events) for client in clients]
    await replicas[1].launch()
    for client, mark in zip(clients, marks, strict=True):
        await client.event("connected", after=mark, within_s=20)
        assert await _works(client)


async def test_a_frozen_replica_is_left(
    replicas: tuple[Replica, Replica], make_client: MakeClient
) -> None:
    """Nobody answers and nothing is cut: the SDK misses the ping, and comes back by itself."""
    ann = await Person.register(replicas[0])
    own = await ann.make_list()
    channel = f"list:{own}"
    client = await _device(make_client, ann, replicas[1], replicas[0])
    await client.do("subscribe", channel=channel)
    told = await client.event("subscribed", side="client", channel=channel)
    head = told["streamPosition"]["offset"]
    replicas[1].pause()
    try:
        # A command that nobody answers ends the waiting sooner than the next ping would.
        assert not await _works(client)
        last = (await ann.add_todo(own))["offset"]
    finally:
        replicas[1].resume()
    await client.event("publication", channel=channel, offset=last, within_s=60)
    assert client.offsets(channel) == list(range(head + 1, last + 1))
