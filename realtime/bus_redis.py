"""Carry messages between replicas through Redis: a channel a log, a heartbeat on one of our own."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from typing import Final

import structlog

from realtime.bus import BusMessage, BusState, Receive, Restored
from realtime.bus_message import decode, encode
from realtime.clock import Clock, SystemClock
from realtime.redis_link import LINK_ERRORS, RedisLink, open_link, open_pool
from realtime.redis_publisher import RedisPublisher
from store.log_id import LogId

__all__ = ["RedisBus"]

_log = structlog.get_logger("lockstep.realtime")

_BEAT_S: Final = 1.0
_SILENT_S: Final = 3.5  # three beats missing, and half a second for the way
_SEND_S: Final = 2.0
_WAIT_S: Final = 0.1  # the longest a request waits for a subscription to be confirmed
_START_S: Final = 1.0  # a start waits this long for the bus, and goes on without it
_BACK_OFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
_CHUNK: Final = 500  # channels in one SUBSCRIBE


class _Silent(Exception):
    """Say that the heartbeat did not come back: the connection carries nothing."""


class RedisBus:
    """Be the bus over one Redis (``redis://`` or ``rediss://``).

    Channels are ``<namespace>:list:<id>`` and the like. Every message carries an HMAC made with
    ``key``, which only replicas hold: whoever else can publish can at most cause a look at the log.
    The bus is healthy while its own heartbeat, published every second, comes back; after a loss it
    reconnects, subscribes again, has the replica catch up from the log, and only then is healthy
    again.

    Raises ValueError for a URL that is none.
    """

    def __init__(
        self, url: str, *, key: bytes, namespace: str = "lockstep", clock: Clock | None = None
    ) -> None:
        self._pool = open_pool(url)
        self._key = key
        self._namespace = namespace
        self._clock = clock or SystemClock()
        self._publisher = RedisPublisher(self._pool, self._clock)
        self._replica = ""
        self._receive: Receive | None = None
        self._restored: Restored | None = None
        self._state = BusState.DEGRADED
        self._begun = asyncio.Event()  # set once the first connection worked, or failed
        self._logs: dict[str, LogId] = {}  # by channel: what is to be received
        self._orders: deque[tuple[str, ...]] = deque()  # SUBSCRIBE and UNSUBSCRIBE, in order
        self._ordered = asyncio.Event()
        self._connected = False
        self._confirms: defaultdict[str, deque[asyncio.Future[bool]]] = defaultdict(deque)
        self._outstanding = 0  # SUBSCRIBEs sent and not confirmed
        self._beat_at = 0.0
        self._beats = 0  # since the connection was made
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def state(self) -> BusState:
        """Tell whether the heartbeat comes back."""
        return self._state

    @property
    def remote(self) -> bool:
        """Say yes: other processes' answers take a moment."""
        return True

    async def start(self, replica: str, receive: Receive, restored: Restored) -> None:
        """Begin; waits at most a second for Redis, and goes on degraded without it."""
        self._replica, self._receive, self._restored = replica, receive, restored
        loop = asyncio.get_running_loop()
        works = (self._publisher.run(), self._follow(), self._beat())
        self._tasks = [loop.create_task(work) for work in works]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._begun.wait(), _START_S)
        self._begun.set()

    def publish(self, log: LogId, message: BusMessage) -> None:
        """Queue a message; it is dropped when there is no connection or too much waits."""
        channel = self._channel(log)
        self._publisher.put(channel, encode(self._key, channel, self._replica, message))

    async def subscribe(self, log: LogId) -> bool:
        """Receive a log's messages; True when Redis confirmed it within 0.1 s."""
        channel = self._channel(log)
        self._logs[channel] = log
        if not self._connected:
            return False  # it will be among those subscribed on connecting
        confirmed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._confirms[channel].append(confirmed)
        self._order("SUBSCRIBE", channel)
        try:
            return await asyncio.wait_for(asyncio.shield(confirmed), _WAIT_S)
        except TimeoutError:
            return False

    def unsubscribe(self, log: LogId) -> None:
        """Receive a log's messages no longer."""
        channel = self._channel(log)
        if self._logs.pop(channel, None) is not None and self._connected:
            self._order("UNSUBSCRIBE", channel)

    async def aclose(self) -> None:
        """Send what is queued, at most 0.5 s, and stop; may be called again."""
        if self._tasks:
            await self._publisher.flush(0.5)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pool.disconnect()

    # --- the connection that listens --------------------------------------------------------------

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                async with open_link(self._pool) as link:
                    failures = 0
                    await self._listen(link)
            except* (_Silent, *LINK_ERRORS) as errors:
                self._lose(repr(errors.exceptions[0]))
            except* Exception as errors:  # noqa: BLE001 - the bus must come back
                _log.exception("bus_failed", exc_info=errors)
                self._lose("see above")
            await self._clock.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            failures += 1

    async def _listen(self, link: RedisLink) -> None:
        """Serve one connection until it fails; always ends with an exception."""
        self._orders.clear()
        channels = [self._beat_channel, *self._logs]
        for start in range(0, len(channels), _CHUNK):
            self._order("SUBSCRIBE", *channels[start : start + _CHUNK])
        self._connected = True
        self._beats = 0
        self._beat_at = self._clock.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(link))
                group.create_task(self._write(link))
                group.create_task(self._trust())
                group.create_task(self._watch())
        finally:
            self._connected = False
            self._outstanding = 0
            waiting, self._confirms = self._confirms, defaultdict(deque)
            for confirmed in (one for queue in waiting.values() for one in queue):
                if not confirmed.done():
                    confirmed.set_result(False)

    async def _read(self, link: RedisLink) -> None:
        while True:
            kind, name, *rest = await link.read()
            channel = name.decode()
            if kind == b"message":
                self._heed(channel, rest[0])
            elif kind == b"subscribe":
                self._outstanding -= 1
                queue = self._confirms.get(channel)
                if queue:
                    confirmed = queue.popleft()
                    if not confirmed.done():
                        confirmed.set_result(True)
                    if not queue:
                        del self._confirms[channel]

    async def _write(self, link: RedisLink) -> None:
        while True:
            await self._ordered.wait()
            self._ordered.clear()
            while self._orders:
                orders = list(self._orders)
                self._orders.clear()
                await link.send(orders, _SEND_S)

    async def _trust(self) -> None:
        """Have the replica catch up when everything is subscribed and beats; then be healthy."""
        while self._outstanding > 0 or self._beats == 0:
            await self._clock.sleep(0.02)
        lost_before = self._begun.is_set()
        while lost_before and self._restored is not None:
            try:
                await self._restored()
                break
            except Exception as error:  # noqa: BLE001 - the database may be away as well
                _log.warning("bus_catch_up_failed", error=repr(error))
                await self._clock.sleep(_BEAT_S)
        self._state = BusState.HEALTHY
        self._begun.set()
        if lost_before:
            _log.info("bus_restored", channels=len(self._logs))

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(_BEAT_S / 2)
            if self._clock.monotonic() - self._beat_at > _SILENT_S:
                raise _Silent

    async def _beat(self) -> None:
        while True:
            self._publisher.put(self._beat_channel, b"")
            # Until the first one came back quickly: the start waits for it.
            await self._clock.sleep(_BEAT_S if self._beats else _BEAT_S / 20)

    def _heed(self, channel: str, payload: bytes) -> None:
        if channel == self._beat_channel:
            self._beats += 1
            self._beat_at = self._clock.monotonic()
            return
        log = self._logs.get(channel)
        if log is None or self._receive is None:
            return
        try:
            replica, message = decode(self._key, log, channel, payload)
            if replica != self._replica:
                self._receive(log, replica, message)
        except Exception:  # noqa: BLE001 - one message must not cost the others
            _log.exception("bus_message_failed", channel=channel)

    # --- parts ------------------------------------------------------------------------------------

    def _lose(self, error: str) -> None:
        if self._state is BusState.HEALTHY or not self._begun.is_set():  # said once
            _log.warning("bus_lost", error=error)
        self._state = BusState.DEGRADED
        self._begun.set()

    def _order(self, word: str, *channels: str) -> None:
        if word == "SUBSCRIBE":
            self._outstanding += len(channels)
        self._orders.append((word, *channels))
        self._ordered.set()

    def _channel(self, log: LogId) -> str:
        return f"{self._namespace}:{log.channel}"

    @property
    def _beat_channel(self) -> str:
        return f"{self._namespace}:beat:{self._replica}"
