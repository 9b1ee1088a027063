"""Faults of whole processes, as a device at the official SDK lives through them."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.servers.deadline import eventually
from tests.servers.fixtures import StartReplica
from tests.servers.person import Person
from tests.servers.postgresql import TEMPLATE, PostgreSQL
from tests.servers.python_client import PythonClient
from tests.servers.redis import RedisServer
from tests.servers.replica import Replica
from tests.servers.run import Run

pytestmark = pytest.mark.faults


class Follower:
    """Hold a person who writes at one replica and a device that follows at another."""

    def __init__(self, person: Person, list_id: str, client: PythonClient) -> None:
        self.person = person
        self.list_id = list_id
        self.client = client
        self.channel = f"list:{list_id}"
        self.head = 0

    @classmethod
    async def start(cls, writes_at: Replica, follows_at: Replica) -> Follower:
        """Make an account and a list, and follow it."""
        person = await Person.register(writes_at)
        made = cls(person, await person.make_list(), PythonClient())
        made.client.answers["token"] = person.refresh
        await made.client.do("connect", url=follows_at.websocket, token=person.access_token)
        await made.client.do("subscribe", channel=made.channel)
        told = await made.client.event("subscribed", side="client", channel=made.channel)
        made.head = told["streamPosition"]["offset"]
        return made

    async def write(self) -> int:
        """Add a todo; give its offset once it is acknowledged."""
        return int((await self.person.add_todo(self.list_id))["offset"])

    async def has(self, offset: int) -> None:
        """Wait until the device has everything up to ``offset``: in order, each once."""
        await self.client.event("publication", channel=self.channel, offset=offset)
        assert self.client.offsets(self.channel) == list(range(self.head + 1, offset + 1))

    def connections(self) -> int:
        """Count how often the device has connected."""
        return sum(event["event"] == "connected" for event in self.client.events)


@pytest.fixture
async def follower(replicas: tuple[Replica, Replica]) -> AsyncIterator[Follower]:
    """Give someone who writes at the first replica and follows at the second."""
    made = await Follower.start(replicas[0], replicas[1])
    yield made
    await made.client.aclose()


async def test_changes_arrive_without_redis(follower: Follower, own_redis: RedisServer) -> None:
    """Redis is a hint: dead, the log itself is asked every second, and no write fails."""
    assert own_redis.process is not None
    await follower.has(await follower.write())

    own_redis.process.kill()
    took = []
    for _ in range(5):
        offset = await follower.write()
        acknowledged = time.monotonic()
        await follower.has(offset)
        took.append(time.monotonic() - acknowledged)

    assert statistics.median(took) <= 1.5, took
    assert max(took) <= 3, took
    assert follower.connections() == 1


async def test_changes_are_quick_again_once_redis_is_back(
    run: Run, follower: Follower, own_redis: RedisServer
) -> None:
    """An empty Redis is trusted again by itself; nothing was lost meanwhile."""
    assert own_redis.process is not None
    own_redis.process.kill()
    await follower.has(await follower.write())
    own_redis.launch(run)

    async def is_quick() -> bool:
        offset = await follower.write()
        acknowledged = time.monotonic()
        await follower.has(offset)
        return time.monotonic() - acknowledged < 0.1

    async def is_quick_thrice() -> bool:
        # Once may be a head poll that came just in time.
        return all([await is_quick() for _ in range(3)])

    assert await eventually(is_quick_thrice, "changes are quick again", within_s=20)
    assert follower.connections() == 1


async def test_a_frozen_redis_holds_up_no_write(follower: Follower, own_redis: RedisServer) -> None:
    """Frozen is worse than dead: connections stay open and nobody answers."""
    assert own_redis.process is not None
    own_redis.process.pause()
    took = []
    for _ in range(5):
        start = time.monotonic()
        await follower.write()
        took.append(time.monotonic() - start)
    await follower.has(await follower.write())
    own_redis.process.resume()

    assert statistics.median(took) < 0.5, took
    await follower.has(await follower.write())
    assert follower.connections() == 1


async def test_a_change_arrives_though_its_replica_died_before_telling(
    run: Run,
    follower: Follower,
    replicas: tuple[Replica, Replica],
    own_redis: RedisServer,
) -> None:
    """Killed between commit and publish: acknowledged, told to nobody, and still delivered."""
    assert own_redis.process is not None
    # Without Redis the word cannot leave the replica: the commit is all there is of the change.
    own_redis.process.kill()
    offset = await follower.write()
    await replicas[0].kill()
    own_redis.launch(run)

    await follower.has(offset)
    assert follower.connections() == 1


async def test_a_device_goes_on_where_it_was_after_its_replica_was_killed(
    follower: Follower, replicas: tuple[Replica, Replica]
) -> None:
    """Kill -9 of the device's own replica: it comes back to exactly what it missed."""
    await follower.has(await follower.write())
    await replicas[1].kill()
    offset = max([await follower.write() for _ in range(3)])
    await replicas[1].launch()

    await follower.has(offset)
    await follower.has(await follower.write())
    assert follower.connections() == 2


async def test_a_stopped_replica_says_that_one_should_come_back(
    follower: Follower, replicas: tuple[Replica, Replica]
) -> None:
    """A planned stop ends with status 0, and its devices are told to reconnect (3001)."""
    before = len(follower.client.events)
    assert await replicas[1].stop() == 0

    told = await follower.client.event("connecting", after=before)
    assert told["code"] == 3001
    await replicas[1].launch()
    await follower.has(await follower.write())


async def test_postgresql_may_be_killed_and_come_back(
    run: Run, own_postgresql: PostgreSQL, own_redis: RedisServer, start_replica: StartReplica
) -> None:
    """Writes are refused as to be tried again while it is away; the sockets stay."""
    assert own_postgresql.process is not None
    replica = await start_replica(
        DATABASE_URL=own_postgresql.url(TEMPLATE), REDIS_URL=own_redis.url(), RATE_LIMITS="off"
    )
    follower = await Follower.start(replica, replica)
    await follower.has(await follower.write())

    await asyncio.to_thread(own_postgresql.process.kill)
    with pytest.raises(httpx.HTTPStatusError) as refused:
        await follower.write()
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["Retry-After"]
    await asyncio.to_thread(own_postgresql.launch, run)

    async def written() -> int | None:
        with contextlib.suppress(httpx.HTTPStatusError):
            return await follower.write()
        return None

    await follower.has(await eventually(written, "writes are taken again"))
    assert follower.connections() == 1
    await follower.client.aclose()
