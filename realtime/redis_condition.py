"""Look at Redis, one server or a cluster: is it fit, and does it carry what is published."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from redis.asyncio import ConnectionPool
from redis.exceptions import NoPermissionError, ResponseError

from realtime.cluster_slots import ClusterSlots
from realtime.redis_link import RedisLink, open_link, open_pool, pool_beside
from realtime.redis_url import is_cluster, server_urls

__all__ = ["RedisCondition", "RedisServer", "read_redis_condition"]

_ANSWER_S: Final = 4.0
_CARRIED_S: Final = 1.5
_CONFIGURED: Final = ("maxmemory", "maxmemory-policy", "client-output-buffer-limit")


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Hold what can be seen of one server.

    ``version`` is empty where it does not say (older than 6). ``carries``: what was published came
    back to a subscriber. ``forbidden`` names a command that this login may not use, of those that
    it needs on our channels and keys; None: it may all. ``configured`` has what its configuration
    says, and is empty where the login may not ask.
    """

    address: str
    version: str
    role: str
    carries: bool
    forbidden: str | None
    configured: dict[str, str]


@dataclass(frozen=True, slots=True)
class RedisCondition:
    """Hold what can be seen of all servers; ``complete``: of a cluster, every slot has an owner."""

    cluster: bool
    complete: bool
    servers: tuple[RedisServer, ...]


async def read_redis_condition(url: str, namespace: str) -> RedisCondition:
    """Ask every master; one empty message is published, on a channel of our own, nothing written.

    Raises one of redis_link.LINK_ERRORS (a TimeoutError: it is connected and silent), and
    ValueError for a URL that is none.
    """
    pools = [open_pool(one) for one in server_urls(url)]
    channel = f"{namespace}:doctor:{uuid4().hex}"
    if not is_cluster(url):
        return RedisCondition(False, True, (await _look(pools[0], channel, ""),))
    slots = await _slots(pools)
    looks = [
        _look(
            pool_beside(pools[0], address.host, address.port),
            slots.channel_of(address, channel),
            "S",
        )
        for address in sorted(slots.masters)
    ]
    return RedisCondition(True, slots.complete, tuple(await asyncio.gather(*looks)))


async def _slots(pools: list[ConnectionPool]) -> ClusterSlots:
    """Ask the servers that are named, one after the other; raises the last one's failure."""
    failure: Exception = OSError("no server is named")
    for pool in pools:
        try:
            async with asyncio.timeout(_ANSWER_S), open_link(pool) as link:
                reply = await link.ask("CLUSTER", "SLOTS")
            return ClusterSlots.read(reply, str(pool.connection_kwargs["host"]))
        except ResponseError:
            raise  # it answers: asking another one would say the same
        except Exception as error:  # noqa: BLE001 - raised below when none answers
            failure = error
    raise failure


async def _look(pool: ConnectionPool, channel: str, shard: str) -> RedisServer:
    options = pool.connection_kwargs
    async with asyncio.timeout(_ANSWER_S), open_link(pool) as link, open_link(pool) as other:
        hello = await _hello(link)
        commands = (
            (other, f"{shard}SUBSCRIBE", (channel,)),
            (link, f"{shard}PUBLISH", (channel, b"")),
            # A name of the same slot; nothing is there, and whether we may ask is the question.
            (link, "GET", (channel,)),
        )
        forbidden = [word for one, word, rest in commands if not await _allowed(one, word, *rest)]
        return RedisServer(
            address=f"{options['host']}:{options.get('port', 6379)}",
            version=hello.get("version", ""),
            role=hello.get("role", ""),
            carries=not forbidden and await _heard(other, channel),
            forbidden=forbidden[0] if forbidden else None,
            configured=await _configured(link),
        )


async def _hello(link: RedisLink) -> dict[str, str]:
    """Ask for version and role, which every login may: INFO is for administrators."""
    try:
        reply = await link.ask("HELLO")
    except ResponseError:
        return {}
    return {
        key.decode(): value.decode() for key, value in _pairs(reply) if isinstance(value, bytes)
    }


async def _allowed(link: RedisLink, *command: str | bytes) -> bool:
    try:
        await link.ask(*command)
    except NoPermissionError:
        return False
    return True


async def _heard(link: RedisLink, channel: str) -> bool:
    """Wait for the message, a moment: it comes at once or not at all."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CARRIED_S):
            while True:
                _, name, *_ = await link.read()
                if name == channel.encode():
                    return True
    return False


async def _configured(link: RedisLink) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _CONFIGURED:
        try:
            reply = await link.ask("CONFIG", "GET", name)
        except ResponseError:
            return {}  # the login of our own users file may not, and need not
        found |= {key.decode(): value.decode() for key, value in _pairs(reply)}
    return found


def _pairs(reply: list[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(reply[::2], reply[1::2], strict=False)
