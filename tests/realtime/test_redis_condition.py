"""What can be seen of Redis: version, rights, and whether it carries anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.exceptions import AuthenticationError, ResponseError

from realtime.redis_condition import read_redis_condition
from realtime.redis_link import LINK_ERRORS
from tests.servers.deadline import eventually
from tests.servers.ports import free_port
from tests.servers.redis import RedisServer


async def test_a_server_carries_and_keeps_nothing_of_it(
    own_redis: RedisServer, namespace: str
) -> None:
    """One message comes back; no key is left behind, and nobody stays subscribed."""
    found = await read_redis_condition(own_redis.url(), namespace)

    assert not found.cluster
    [server] = found.servers
    assert (server.carries, server.forbidden, server.role) == (True, None, "master")
    assert server.address == f"127.0.0.1:{own_redis.port}"
    assert int(server.version.partition(".")[0]) >= 7
    assert server.configured["maxmemory"] == "0"
    assert "pubsub" in server.configured["client-output-buffer-limit"]
    assert own_redis.command("DBSIZE") == ":0\r\n"
    await eventually(
        lambda: own_redis.command("PUBSUB", "CHANNELS") == "*0\r\n", "the subscriber is gone"
    )


async def test_every_master_of_a_cluster_is_asked(redis_cluster_url: str, namespace: str) -> None:
    """By sharded publish and subscribe, each on a channel that it owns."""
    found = await read_redis_condition(redis_cluster_url, namespace)
    assert (found.cluster, found.complete) == (True, True)
    assert [server.carries for server in found.servers] == [True] * 3


@pytest.mark.parametrize(
    ("right", "word"), [("-publish", "PUBLISH"), ("-subscribe", "SUBSCRIBE"), ("-get", "GET")]
)
async def test_a_right_that_is_missing_is_named(
    own_redis: RedisServer, namespace: str, right: str, word: str
) -> None:
    """Of those that a replica uses."""
    own_redis.command("ACL", "SETUSER", "me", "on", ">pass", "~*", "&*", "+@all", right)
    url = own_redis.url().replace("redis://", "redis://me:pass@")
    [server] = (await read_redis_condition(url, namespace)).servers
    assert (server.forbidden, server.carries) == (word, False)


async def test_names_of_others_are_no_right(own_redis: RedisServer) -> None:
    """A login for one namespace does not do for another."""
    own_redis.command("ACL", "SETUSER", "me", "on", ">pass", "~a:*", "&a:*", "+@all", "-config")
    url = own_redis.url().replace("redis://", "redis://me:pass@")
    [mine] = (await read_redis_condition(url, "a")).servers
    [other] = (await read_redis_condition(url, "b")).servers
    assert (mine.forbidden, mine.configured) == (None, {})
    assert other.forbidden == "SUBSCRIBE"


async def test_a_wrong_password_is_told_apart(own_redis: RedisServer, namespace: str) -> None:
    """From a server that is away."""
    own_redis.command("ACL", "SETUSER", "me", "on", ">pass", "+@all")
    with pytest.raises(AuthenticationError):
        await read_redis_condition(
            own_redis.url().replace("redis://", "redis://me:not@"), namespace
        )
    with pytest.raises(LINK_ERRORS):
        await read_redis_condition(replace(own_redis, port=free_port()).url(), namespace)


async def test_one_server_is_no_cluster(own_redis: RedisServer, namespace: str) -> None:
    """It says so, instead of owning no slot."""
    with pytest.raises(ResponseError):
        await read_redis_condition(f"redis+cluster://127.0.0.1:{own_redis.port}", namespace)


async def test_a_frozen_server_is_left_in_time(own_redis: RedisServer, namespace: str) -> None:
    """Connections open, and nothing comes."""
    assert own_redis.process is not None
    own_redis.process.pause()
    try:
        with pytest.raises(LINK_ERRORS):
            await read_redis_condition(own_redis.url(), namespace)
    finally:
        own_redis.process.resume()
