"""The bus over a Redis Cluster whose servers come, go, and hand each other slots."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from redis.crc import key_slot

from realtime.bus import BusMessage, BusState, PresenceAsked
from realtime.bus_redis import RedisBus
from store.log_id import LogId
from tests.servers.deadline import eventually
from tests.servers.fixtures import StartReplica
from tests.servers.person import Person
from tests.servers.python_client import PythonClient
from tests.servers.redis import RedisServer
from tests.servers.redis_cluster import ClusterNode, RedisCluster
from tests.servers.run import Run

pytestmark = pytest.mark.faults

KEY = b"k" * 32
# A failover takes the cluster twice its timeout of 2 s, and an election.
FAILOVER_S = 30.0


class Listener:
    """Hold a bus, what it heard, and how often it was to catch up."""

    def __init__(self, url: str) -> None:
        self.bus = RedisBus(url, key=KEY)
        self.heard: list[LogId] = []
        self.restored = 0

    async def start(self, name: str) -> None:
        """Begin under a name."""
        await self.bus.start(name, self._receive, self._catch_up)

    def _receive(self, log: LogId, _replica: str, _message: BusMessage) -> None:
        self.heard.append(log)

    async def _catch_up(self) -> None:
        self.restored += 1

    @property
    def healthy(self) -> bool:
        """Tell whether the bus trusts itself."""
        return self.bus.state is BusState.HEALTHY


class Pair:
    """Hold a cluster and two replicas on it, the second of which follows lists."""

    def __init__(self, cluster: RedisCluster) -> None:
        self.cluster = cluster
        self.one, self.two = Listener(cluster.url), Listener(cluster.url)

    async def follow(self, node: ClusterNode) -> LogId:
        """Follow a list whose slot a master owns."""
        number = self.cluster.nodes.index(node)
        log = LogId.list(uuid4())
        while key_slot(channel(log).encode()) * 3 // 16_384 != number:
            log = LogId.list(uuid4())
        assert await self.two.bus.subscribe(log)
        return log

    async def arrives(self, log: LogId) -> None:
        """Publish until it is heard: what is published while a server is away is lost."""

        def heard() -> bool:
            self.one.bus.publish(log, PresenceAsked())
            return log in self.two.heard

        self.two.heard.clear()
        await until(heard)

    @property
    def healthy(self) -> bool:
        """Tell whether both trust the bus."""
        return self.one.healthy and self.two.healthy


def channel(log: LogId) -> str:
    """Give the name that a log has in Redis."""
    return f"lockstep:{log.channel}"


async def until(condition: Callable[[], object], *, within_s: float = FAILOVER_S) -> None:
    """Wait for what real servers do."""
    await eventually(condition, "it happens", within_s=within_s)


@pytest.fixture
async def pair(own_redis_cluster: RedisCluster) -> AsyncIterator[Pair]:
    """Give two replicas on a cluster of their own, which may be broken."""
    made = Pair(own_redis_cluster)
    await made.one.start("one")
    await made.two.start("two")
    await until(lambda: made.healthy)
    yield made
    await made.one.bus.aclose()
    await made.two.bus.aclose()


def _followed(node: ClusterNode) -> set[str]:
    """Give the channels of lists that somebody receives from a server."""
    words = node.command("PUBSUB", "SHARDCHANNELS", "lockstep:list:*").split("\r\n")
    return {word for word in words if word.startswith("lockstep:")}


async def test_each_channel_is_received_where_its_slot_lives_and_nowhere_else(pair: Pair) -> None:
    """So a server carries its share alone, and a replica gets nothing it does not follow."""
    masters = pair.cluster.nodes[:3]
    logs = [await pair.follow(node) for node in masters]
    assert [_followed(node) for node in masters] == [{channel(log)} for log in logs]
    for log in logs:
        await pair.arrives(log)
    pair.two.bus.unsubscribe(logs[1])
    await until(lambda: not _followed(masters[1]))


async def test_a_dead_master_is_replaced_by_its_replica(pair: Pair) -> None:
    """Degraded until the new master is followed and the log was looked at, then as before."""
    dead, other = pair.cluster.nodes[:2]
    log, elsewhere = await pair.follow(dead), await pair.follow(other)
    assert dead.process is not None
    dead.process.kill()
    await until(lambda: pair.two.bus.state is BusState.DEGRADED)
    pair.two.restored = 0
    await pair.arrives(elsewhere)  # the other servers' channels are not touched
    await until(lambda: pair.healthy)
    assert pair.two.restored > 0
    await pair.arrives(log)
    assert channel(log) in _followed(pair.cluster.nodes[3])


async def test_a_slot_that_moves_takes_its_followers_with_it(pair: Pair) -> None:
    """The old owner stops sending; nothing is trusted until the new one does."""
    old, new = pair.cluster.nodes[:2]
    log = await pair.follow(old)
    pair.two.restored = 0
    pair.cluster.move_slot(key_slot(channel(log).encode()), to=new)
    await until(lambda: channel(log) in _followed(new))
    await until(lambda: pair.healthy)
    assert pair.two.restored > 0
    await pair.arrives(log)
    assert await pair.two.bus.subscribe(LogId.ALL)


async def test_a_subscribe_to_a_slot_that_moved_unnoticed_becomes_effective(pair: Pair) -> None:
    """MOVED is only the beginning of the answer."""
    old, new = pair.cluster.nodes[:2]
    log = await pair.follow(old)
    pair.two.bus.unsubscribe(log)
    await until(lambda: not _followed(old))
    pair.cluster.move_slot(key_slot(channel(log).encode()), to=new)
    await pair.two.bus.subscribe(log)
    await until(lambda: channel(log) in _followed(new))
    await until(lambda: pair.healthy)
    await pair.arrives(log)


async def test_a_master_that_comes_back_is_used_again(pair: Pair, run: Run) -> None:
    """One without a replica: its channels wait for it."""
    dead = pair.cluster.nodes[2]
    log = await pair.follow(dead)
    assert dead.process is not None
    dead.process.kill()
    await until(lambda: pair.two.bus.state is BusState.DEGRADED)
    began = time.monotonic()
    assert not await pair.two.bus.subscribe(log)
    pair.one.bus.publish(log, PresenceAsked())
    assert time.monotonic() - began < 0.5
    dead.launch(run)
    await until(lambda: pair.healthy)
    await pair.arrives(log)


async def test_a_frozen_master_is_noticed(pair: Pair) -> None:
    """Its connections look whole; the heartbeat on its own channel does not come back."""
    frozen = pair.cluster.nodes[0]
    log = await pair.follow(frozen)
    assert frozen.process is not None
    frozen.process.pause()
    try:
        await until(lambda: pair.two.bus.state is BusState.DEGRADED, within_s=5.0)
        await until(lambda: pair.healthy)  # its replica took over
        await pair.arrives(log)
    finally:
        frozen.process.resume()
    await until(lambda: pair.healthy)
    await pair.arrives(log)


async def test_a_server_that_is_no_cluster_leaves_the_bus_degraded(own_redis: RedisServer) -> None:
    """The replica serves from the log, and the start does not wait."""
    listener = Listener(f"redis+cluster://127.0.0.1:{own_redis.port}")
    began = time.monotonic()
    await listener.start("one")
    assert time.monotonic() - began < 2.0
    assert listener.bus.state is BusState.DEGRADED
    listener.bus.publish(LogId.ALL, PresenceAsked())
    assert not await listener.bus.subscribe(LogId.ALL)
    await listener.bus.aclose()


async def test_changes_travel_between_replicas_through_a_cluster(
    start_replica: StartReplica, postgresql_url: str, redis_cluster_url: str, namespace: str
) -> None:
    """The whole service: what one replica commits the other's devices have at once."""
    settings = {
        "DATABASE_URL": postgresql_url,
        "REDIS_URL": redis_cluster_url,
        "NAMESPACE": namespace,
    }
    one, other = await asyncio.gather(start_replica(**settings), start_replica(**settings))
    ann = await Person.register(one)
    lists = [await ann.make_list() for _ in range(6)]
    device = PythonClient()
    device.answers["token"] = ann.refresh
    await device.do("connect", url=other.websocket, token=ann.access_token)
    for list_id in lists:
        await device.do("subscribe", channel=f"list:{list_id}")
        await device.event("subscribed", side="client", channel=f"list:{list_id}")

    async def is_quick() -> bool:
        waited_s = 0.0
        for list_id in lists:
            offset = int((await ann.add_todo(list_id))["offset"])
            acknowledged = time.monotonic()
            await device.event("publication", channel=f"list:{list_id}", offset=offset)
            waited_s += time.monotonic() - acknowledged
        # By the head poll alone each of the six would wait for the next second.
        return waited_s < 1.0

    assert await eventually(is_quick, "changes arrive at once", within_s=60)
    await device.aclose()
