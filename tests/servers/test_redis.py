"""Tests of the Redis that the tests use."""

from __future__ import annotations

import pytest
import redis.asyncio

from tests.servers.redis import RedisServer
from tests.servers.run import Run


async def test_each_test_has_a_database_of_its_own(redis_server: RedisServer) -> None:
    """Keys of one logical database are not in another."""
    first = redis.asyncio.from_url(redis_server.url(8_000))
    second = redis.asyncio.from_url(redis_server.url(9_999))
    async with first, second:
        await first.set("key", "value")

        assert await second.get("key") is None

        await first.delete("key")


def test_a_server_of_its_own_can_be_killed_and_started_again(
    run: Run, own_redis: RedisServer
) -> None:
    """On the same port, remembering nothing."""
    assert own_redis.process is not None
    assert own_redis.command("SET", "key", "value") == "+OK\r\n"

    own_redis.process.kill()
    with pytest.raises(OSError, match="refused"):
        own_redis.command("PING")
    own_redis.launch(run)

    assert own_redis.command("GET", "key") == "$-1\r\n"


def test_a_frozen_server_does_not_answer(own_redis: RedisServer) -> None:
    """Frozen is not dead: connections open, answers do not come."""
    assert own_redis.process is not None
    own_redis.process.pause()

    assert not own_redis.is_ready()

    own_redis.process.resume()
    assert own_redis.is_ready()
