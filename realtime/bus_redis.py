"""Carry messages between replicas through Redis, one server or a cluster: a channel a log."""

from __future__ import annotations

import structlog

from realtime.bus import BusMessage, BusState, Receive, Restored, Told
from realtime.bus_message import decode, encode, seal, unseal
from realtime.clock import Clock, SystemClock
from realtime.redis_carrier import Carrier
from realtime.redis_line import RedisLine
from realtime.redis_link import open_pool
from realtime.redis_shards import RedisShards
from realtime.redis_url import is_cluster, server_urls
from store.log_id import LogId

__all__ = ["RedisBus"]

_log = structlog.get_logger("lockstep.realtime")


class RedisBus:
    """Be the bus over Redis: ``redis://`` and ``rediss://``, with ``+cluster`` for a cluster.

    Channels are ``<namespace>:list:<id>`` and the like, and ``<namespace>:node:<replica>`` for one
    replica alone; of a cluster each is sent and received where its slot lives (sharded publish and
    subscribe). Every message carries an HMAC made with
    ``key``, which only replicas hold: whoever else can publish can at most cause a look at the log.

    Raises ValueError for a URL that is none.
    """

    def __init__(
        self, url: str, *, key: bytes, namespace: str = "lockstep", clock: Clock | None = None
    ) -> None:
        urls, clock = server_urls(url), clock or SystemClock()
        self._carrier: Carrier = (
            RedisShards(urls, clock) if is_cluster(url) else RedisLine(open_pool(url), clock)
        )
        self._key = key
        self._namespace = namespace
        self._replica = ""
        self._receive: Receive | None = None
        self._told: Told | None = None
        self._own = ""  # the channel for this replica alone
        self._count = 0  # of what was told to others
        self._counts: dict[str, int] = {}  # by the sender: of what was heard from it last
        self._logs: dict[str, LogId] = {}  # by channel: what is to be received

    @property
    def state(self) -> BusState:
        """Tell whether the heartbeat comes back."""
        return self._carrier.state

    @property
    def remote(self) -> bool:
        """Say yes: other processes' answers take a moment."""
        return True

    async def start(
        self, replica: str, receive: Receive, restored: Restored, told: Told | None = None
    ) -> None:
        """Begin; waits at most a second for Redis, and goes on degraded without it."""
        self._replica, self._receive, self._told = replica, receive, told
        if told is not None:
            # For ever, for a channel on which nothing is said costs nothing. Not connected yet: it
            # is among what is subscribed to first, and again after every loss.
            self._own = self._node(replica)
            await self._carrier.subscribe(self._own)
        await self._carrier.start(f"{self._namespace}:beat:{replica}", self._heed, restored)

    def publish(self, log: LogId, message: BusMessage) -> None:
        """Queue a message; it is dropped when there is no connection or too much waits."""
        channel = self._channel(log)
        self._carrier.put(channel, encode(self._key, channel, self._replica, message))

    def tell(self, replica: str, data: bytes) -> bool:
        """Queue bytes for one replica; False when there is no connection or too much waits."""
        channel = self._node(replica)
        self._count += 1
        body = b"%b %d\n%b" % (self._replica.encode(), self._count, data)
        return self._carrier.put(channel, seal(self._key, channel, body))

    async def subscribe(self, log: LogId) -> bool:
        """Receive a log's messages; True when Redis confirmed it within 0.1 s."""
        channel = self._channel(log)
        self._logs[channel] = log
        return await self._carrier.subscribe(channel)

    def unsubscribe(self, log: LogId) -> None:
        """Receive a log's messages no longer."""
        channel = self._channel(log)
        if self._logs.pop(channel, None) is not None:
            self._carrier.unsubscribe(channel)

    async def aclose(self) -> None:
        """Send what is queued, at most 0.5 s, and stop; may be called again."""
        await self._carrier.aclose()

    def _heed(self, channel: str, payload: bytes) -> None:
        log = self._logs.get(channel)
        if self._receive is None or (log is None and channel != self._own):
            return
        try:
            if log is None:
                self._hear(unseal(self._key, channel, payload))
                return
            replica, message = decode(self._key, log, channel, payload)
            if replica != self._replica:
                self._receive(log, replica, message)
        except Exception:  # noqa: BLE001 - one message must not cost the others
            _log.exception("bus_message_failed", channel=channel)

    def _hear(self, body: bytes | None) -> None:
        """Pass on what another replica told this one; what was heard before is a repetition.

        Whoever gets at Redis could otherwise have a command of somebody's carried out again.
        """
        if body is None or self._told is None:
            return
        head, _, data = body.partition(b"\n")
        sender, _, count = head.decode().rpartition(" ")
        if int(count) > self._counts.get(sender, 0):
            self._counts[sender] = int(count)
            self._told(data)

    def _node(self, replica: str) -> str:
        return f"{self._namespace}:node:{replica}"

    def _channel(self, log: LogId) -> str:
        return f"{self._namespace}:{log.channel}"
