"""The promise of the bus, over every implementation of it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from realtime.bus import (
    Appended,
    Bus,
    BusMessage,
    BusState,
    Hint,
    PresenceAsked,
    PresenceChanged,
    PresenceDigest,
    Signalled,
)
from realtime.bus_memory import MemoryBus, MemoryExchange
from realtime.bus_redis import RedisBus
from realtime.presence import ClientInfo
from store.entry import Entry
from store.log_id import LogId
from tests.servers.ports import free_port
from tests.servers.redis import RedisServer
from tests.servers.run import Run

ANN = ClientInfo("c1", "u1", "ann")
KEY = b"k" * 32
DEADLINE_S = 5.0


class Listener:
    """Hold a bus and what it received."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[tuple[LogId, str, BusMessage]] = []
        self.told: list[bytes] = []
        self.restored = 0

    async def start(self, name: str) -> None:
        """Begin under a name."""
        await self.bus.start(name, self._receive, self._catch_up, self.told.append)

    def _receive(self, log: LogId, replica: str, message: BusMessage) -> None:
        self.heard.append((log, replica, message))

    async def _catch_up(self) -> None:
        self.restored += 1


async def until(condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Poll until the condition holds; only tests against real servers wait like this."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


Join = Callable[[str], Awaitable[Listener]]


_URLS = {"redis": "redis_url", "cluster": "redis_cluster_url"}


@pytest.fixture(params=["memory", *_URLS])
async def join(request: pytest.FixtureRequest) -> AsyncIterator[Join]:
    """Call it with a name to be one more replica on the bus."""
    listeners: list[Listener] = []
    exchange = MemoryExchange()
    url = request.getfixturevalue(_URLS[request.param]) if request.param in _URLS else ""
    namespace = request.getfixturevalue("namespace") if url else ""

    async def one_more(name: str) -> Listener:
        bus: Bus = RedisBus(url, key=KEY, namespace=namespace) if url else MemoryBus(exchange)
        listener = Listener(bus)
        listeners.append(listener)
        await listener.start(name)
        return listener

    yield one_more
    for listener in listeners:
        await listener.bus.aclose()


def entry(log: LogId, offset: int = 1) -> Entry:
    """Make an entry."""
    data = b'{"type":"member.removed","op":null}'
    return Entry(log, offset, "member.removed", uuid4(), data, "0af7651916cd43dd8448eb211c80319c")


async def test_every_kind_of_message_arrives_as_it_was_sent(join: Join) -> None:
    """What a replica publishes is what the others receive, whoever carries it."""
    one, two = await join("one"), await join("two")
    log = LogId.list(uuid4())
    assert await two.bus.subscribe(log)
    messages: list[BusMessage] = [
        Appended("epoch", entry(log)),
        Signalled(b'{"type":"typing"}', ANN),
        PresenceChanged(3, (ANN,)),
        PresenceChanged(4, (), (ANN,)),
        PresenceDigest(4, (ANN, ClientInfo("c2", "u2", "bob"))),
        PresenceAsked(),
    ]
    for message in messages:
        one.bus.publish(log, message)
    await until(lambda: len(two.heard) == len(messages))
    assert two.heard == [(log, "one", message) for message in messages]


async def test_a_replica_does_not_hear_itself(join: Join) -> None:
    """Its own messages do not come back, the others' do."""
    one, two = await join("one"), await join("two")
    log = LogId.ALL
    assert await one.bus.subscribe(log)
    assert await two.bus.subscribe(log)
    one.bus.publish(log, PresenceAsked())
    await until(lambda: bool(two.heard))
    two.bus.publish(log, PresenceAsked())
    await until(lambda: bool(one.heard))
    assert one.heard == [(log, "two", PresenceAsked())]


async def test_a_subscription_is_effective_when_it_returns(join: Join) -> None:
    """Nothing published after the return is missed, each of many times."""
    one, two = await join("one"), await join("two")
    for count in range(1, 21):
        log = LogId.list(uuid4())
        assert await two.bus.subscribe(log)
        one.bus.publish(log, PresenceAsked())
        await until(lambda expected=count: len(two.heard) == expected)  # type: ignore[misc]


async def test_only_what_was_subscribed_arrives(join: Join) -> None:
    """Other logs are not heard, nor is one after it was left."""
    one, two = await join("one"), await join("two")
    left, kept = LogId.list(uuid4()), LogId.list(uuid4())
    assert await two.bus.subscribe(left)
    assert await two.bus.subscribe(kept)
    two.bus.unsubscribe(left)
    assert await two.bus.subscribe(LogId.ALL)  # in order: the other has been carried out now
    for log in (left, LogId.list(uuid4()), kept):
        one.bus.publish(log, PresenceAsked())
    await until(lambda: bool(two.heard))
    assert [log for log, _, _ in two.heard] == [kept]


async def test_subscribing_again_after_leaving_is_effective(join: Join) -> None:
    """Leave and subscribe do not overtake each other."""
    one, two = await join("one"), await join("two")
    log = LogId.list(uuid4())
    for count in range(1, 11):
        assert await two.bus.subscribe(log)
        one.bus.publish(log, PresenceAsked())
        await until(lambda expected=count: len(two.heard) == expected)  # type: ignore[misc]
        two.bus.unsubscribe(log)


async def test_publishing_never_raises(join: Join) -> None:
    """Neither before anybody listens nor after the end."""
    one = await join("one")
    one.bus.publish(LogId.ALL, PresenceAsked())
    one.bus.tell("nobody", b"x")
    await one.bus.aclose()
    one.bus.publish(LogId.ALL, PresenceAsked())
    one.bus.tell("two", b"x")


async def test_what_is_told_arrives_in_order_and_nowhere_else(join: Join) -> None:
    """Any bytes, for one replica alone; each of several speakers is heard in its own order."""
    one, two, three = [await join(name) for name in ("one", "two", "three")]
    said = [bytes([count]) * count for count in range(100)] + [b"\x00\n\xff" * 80_000]
    for data in said:
        assert one.bus.tell("two", b"1" + data)
        assert three.bus.tell("two", b"3" + data)
    await until(lambda: len(two.told) == 2 * len(said))
    assert [data[1:] for data in two.told if data[:1] == b"1"] == said
    assert [data[1:] for data in two.told if data[:1] == b"3"] == said
    assert one.told == three.told == []
    assert two.heard == []


# --- Redis only ---


@pytest.fixture
async def own(own_redis: RedisServer) -> AsyncIterator[tuple[RedisServer, Listener, Listener]]:
    """Give a Redis that may be stopped, and two replicas on it."""
    listeners = [Listener(RedisBus(f"redis://127.0.0.1:{own_redis.port}/0", key=KEY)) for _ in "ab"]
    for name, listener in zip(("one", "two"), listeners, strict=True):
        await listener.start(name)
    yield own_redis, listeners[0], listeners[1]
    for listener in listeners:
        await listener.bus.aclose()


async def test_a_message_without_the_key_is_only_a_hint(redis_url: str, namespace: str) -> None:
    """Who can publish to Redis can cause a look at the log, and nothing else."""
    listener = Listener(RedisBus(redis_url, key=KEY, namespace=namespace))
    forger = Listener(RedisBus(redis_url, key=b"x" * 32, namespace=namespace))
    await listener.start("one")
    await forger.start("two")
    log = LogId.ALL
    assert await listener.bus.subscribe(log)
    forger.bus.publish(log, Appended("epoch", entry(log)))
    assert forger.bus.tell("one", b"forged")
    forger.bus.publish(log, Appended("epoch", entry(log)))
    await until(lambda: len(listener.heard) == 2)
    assert listener.heard == [(log, "", Hint())] * 2
    assert listener.told == []
    for one in (listener, forger):
        await one.bus.aclose()


async def test_what_was_told_cannot_be_told_again(redis_url: str, namespace: str) -> None:
    """Who listens in on Redis may send the very bytes once more; they are heard once."""
    speaker, listener = (
        Listener(RedisBus(redis_url, key=KEY, namespace=namespace)) for _ in ("one", "two")
    )
    await speaker.start("one")
    await listener.start("two")
    async with Redis.from_url(redis_url) as redis, redis.pubsub() as eavesdropper:
        await eavesdropper.subscribe(f"{namespace}:node:two")
        await eavesdropper.get_message(timeout=DEADLINE_S)  # the confirmation
        for word in (b"first", b"second"):
            assert speaker.bus.tell("two", word)
        heard = [await eavesdropper.get_message(timeout=DEADLINE_S) for _ in range(2)]
        for message in heard:
            await redis.publish(f"{namespace}:node:two", message["data"])
    assert speaker.bus.tell("two", b"third")
    await until(lambda: len(listener.told) >= 3)
    assert listener.told == [b"first", b"second", b"third"]
    for one in (speaker, listener):
        await one.bus.aclose()


async def test_a_lost_redis_is_noticed_and_comes_back(
    own: tuple[RedisServer, Listener, Listener], run: Run
) -> None:
    """Degraded, then subscribed again, caught up, and healthy."""
    server, one, two = own
    log = LogId.list(uuid4())
    assert two.bus.state is BusState.HEALTHY
    assert await two.bus.subscribe(log)
    assert server.process is not None
    server.process.kill()
    await until(lambda: two.bus.state is BusState.DEGRADED)
    one.bus.publish(log, PresenceAsked())  # lost, without a word
    await until(lambda: not one.bus.tell("two", b"lost, and known to be"))
    assert not await two.bus.subscribe(LogId.ALL)
    assert two.restored == 0
    server.launch(run)
    await until(
        lambda: two.bus.state is BusState.HEALTHY and one.bus.state is BusState.HEALTHY, 10.0
    )
    assert two.restored == 1
    for name in (log, LogId.ALL):
        one.bus.publish(name, PresenceAsked())
    assert one.bus.tell("two", b"heard again")
    await until(lambda: len(two.heard) == 2 and bool(two.told))
    assert two.told == [b"heard again"]
    assert {name for name, _, _ in two.heard} == {log, LogId.ALL}


async def test_a_frozen_redis_is_noticed_and_nobody_waits_for_it(
    own: tuple[RedisServer, Listener, Listener],
) -> None:
    """The heartbeat tells, although every connection looks whole; a request waits 0.1 s at most."""
    server, one, two = own
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert not await two.bus.subscribe(LogId.ALL)
        one.bus.publish(LogId.ALL, PresenceAsked())
        assert time.monotonic() - began < 0.5
        await until(lambda: two.bus.state is BusState.DEGRADED)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    await until(lambda: two.bus.state is BusState.HEALTHY, 10.0)
    assert two.restored == 1


async def test_a_bus_without_redis_starts_degraded() -> None:
    """The replica serves without it, from the log."""
    listener = Listener(RedisBus(f"redis://127.0.0.1:{free_port()}/0", key=KEY))
    began = time.monotonic()
    await listener.start("one")
    assert time.monotonic() - began < 2.0
    assert listener.bus.state is BusState.DEGRADED
    listener.bus.publish(LogId.ALL, PresenceAsked())
    assert not await listener.bus.subscribe(LogId.ALL)
    await listener.bus.aclose()
