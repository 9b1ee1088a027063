"""Share encoded snapshots between replicas through Redis."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from realtime.clock import Clock, SystemClock
from realtime.redis_link import LINK_ERRORS, open_pool
from realtime.redis_url import is_cluster, server_urls
from store.entry import Position

__all__ = ["RedisSnapshots"]

_WAIT_S: Final = 0.1  # nothing a request does waits longer on Redis
_PAUSE_S: Final = 2.0  # after a failure, do without for so long
_LIFE_S: Final = 3_600
_MAC_BYTES: Final = 32
_MAX_BYTES: Final = 16 * 2**20


class RedisSnapshots:
    """Keep snapshots under ``<namespace>:snapshot:<list id>`` for an hour.

    Each carries an HMAC with ``key``, over the list's id, the position and the body, so that
    whoever can write to Redis can at most cause a read of the database. Raises ValueError for a
    bad URL.
    """

    def __init__(
        self, url: str, *, key: bytes, namespace: str = "lockstep", clock: Clock | None = None
    ) -> None:
        self._redis = _open(url)
        self._key = key
        self._namespace = namespace
        self._clock = clock or SystemClock()
        self._trust_from = 0.0

    async def get(self, list_id: UUID) -> tuple[Position, bytes] | None:
        """Give what was kept last; None when there is nothing good, or Redis does not answer."""
        kept = await self._ask(self._redis.get, self._name(list_id))
        return None if kept is None else self._read(list_id, bytes(kept))

    async def put(self, list_id: UUID, position: Position, body: bytes) -> None:
        """Keep a snapshot; a failure is passed over."""
        if len(body) > _MAX_BYTES:
            return
        signed = b"%s-%d\n%b" % (position.epoch.encode(), position.offset, body)
        kept = self._mac(list_id, signed) + signed
        await self._ask(self._redis.set, self._name(list_id), kept, ex=_LIFE_S)

    async def aclose(self) -> None:
        """Close the connections."""
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._redis.aclose()
        except LINK_ERRORS:
            return

    async def _ask(self, method: Any, *arguments: Any, **options: Any) -> Any:
        """Call Redis; None when it fails or takes too long, and then for a while at once."""
        if self._clock.monotonic() < self._trust_from:
            return None
        try:
            async with asyncio.timeout(_WAIT_S):
                return await method(*arguments, **options)
        except LINK_ERRORS:
            self._trust_from = self._clock.monotonic() + _PAUSE_S
            return None

    def _name(self, list_id: UUID) -> str:
        return f"{self._namespace}:snapshot:{list_id}"

    def _mac(self, list_id: UUID, signed: bytes) -> bytes:
        return hmac.digest(self._key, list_id.bytes + signed, hashlib.sha256)

    def _read(self, list_id: UUID, kept: bytes) -> tuple[Position, bytes] | None:
        mac, signed = kept[:_MAC_BYTES], kept[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(list_id, signed)):
            return None
        place, _, body = signed.partition(b"\n")
        epoch, _, offset = place.decode().rpartition("-")
        return Position(epoch, int(offset)), body


def _open(url: str) -> Any:
    options: dict[str, Any] = {
        "socket_timeout": _WAIT_S,
        "socket_connect_timeout": _WAIT_S,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
    }
    first, *others = server_urls(url)
    if not is_cluster(url):
        return Redis.from_url(first, **options)
    pools = [open_pool(other).connection_kwargs for other in others]
    seeds = [ClusterNode(one["host"], one.get("port", 6379)) for one in pools]
    return RedisCluster.from_url(first, startup_nodes=seeds, **options)
