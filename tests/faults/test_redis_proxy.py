"""The proxy loses what it is told to lose, and nothing else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest
import redis.asyncio

from tests.faults.redis_proxy import RedisProxy
from tests.servers.deadline import eventually
from tests.servers.redis import RedisServer


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[RedisProxy]:
    """Give a proxy before the run's Redis."""
    made = RedisProxy(redis_server.port, random.Random(0))
    yield made
    made.close()


async def test_one_message_in_ten_is_lost(
    proxy: RedisProxy, redis_url: str, namespace: str
) -> None:
    """Ten of a hundred, whatever they hold; what is left comes whole and in order."""
    values = [bytes([number % 256]) * (number * 997 % 70_000) for number in range(100)]
    async with (
        redis.asyncio.from_url(proxy.url, protocol=2) as through,
        redis.asyncio.from_url(redis_url) as direct,
        through.pubsub() as subscriber,
    ):
        await subscriber.subscribe(namespace)
        await subscriber.get_message(timeout=10)
        proxy.lose_one_in = 10
        for value in values:
            await direct.publish(namespace, value)
        received: list[bytes] = []
        async with asyncio.timeout(60):
            while len(received) < 90:
                message = await subscriber.get_message(timeout=10)
                if message is not None:
                    received.append(message["data"])

    assert proxy.lost == 10
    assert [values.index(value) for value in received] == sorted(map(values.index, received))


async def test_deaf_it_takes_publications_and_passes_none_on(
    proxy: RedisProxy, redis_url: str, namespace: str
) -> None:
    """They are counted, and whoever sent them waits for an answer in vain."""
    async with (
        redis.asyncio.from_url(proxy.url, protocol=2) as through,
        redis.asyncio.from_url(redis_url) as direct,
        direct.pubsub() as subscriber,
    ):
        assert await through.publish(namespace, "heard") == 0
        await subscriber.subscribe(namespace)
        await subscriber.get_message(timeout=10)
        proxy.deaf = True
        publishing = asyncio.ensure_future(through.publish(namespace, "unheard"))
        await eventually(lambda: proxy.swallowed == 1, "it is swallowed")

        await direct.publish(namespace, "after")
        message = await subscriber.get_message(timeout=10)
        assert not publishing.done()
        publishing.cancel()

    assert message is not None
    assert message["data"] == b"after"
