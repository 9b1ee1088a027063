"""Listen and publish on one Redis server, over one connection after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Final

import structlog
from redis.asyncio import ConnectionPool

from realtime.bus import BusState, Restored
from realtime.clock import Clock
from realtime.redis_carrier import Heed
from realtime.redis_link import LINK_ERRORS, RedisLink, open_link
from realtime.redis_publisher import RedisPublisher

__all__ = ["RedisLine"]

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


class RedisLine:
    """Be the carrier over one server.

    It is healthy while its own heartbeat, published every second, comes back; after a loss it
    reconnects, subscribes again, calls ``restored``, and only then is healthy again.

    ``sharded``: SSUBSCRIBE and SPUBLISH, the server being one of a cluster. ``troubled`` is called
    when something failed that a change of the cluster would explain, with the channel that the
    server stopped sending, if it is that.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        clock: Clock,
        *,
        sharded: bool = False,
        troubled: Callable[[str | None], None] = lambda _channel: None,
    ) -> None:
        self.pool = pool
        self.channels: set[str] = set()  # what is to be received
        self.beat = ""  # the heartbeat's channel
        self.begun = asyncio.Event()  # set once the first connection worked, or failed
        self.state = BusState.DEGRADED
        self._clock = clock
        shard = "S" if sharded else ""
        self._subscribe, self._unsubscribe = f"{shard}SUBSCRIBE", f"{shard}UNSUBSCRIBE"
        self._message = f"{shard}message".lower().encode()
        # The channels of one SSUBSCRIBE must share a slot; one each, in one write, is as quick.
        self._chunk = 1 if sharded else _CHUNK
        self._troubled = troubled
        self._publisher = RedisPublisher(
            pool, clock, word=f"{shard}PUBLISH", failed=lambda: troubled(None)
        )
        self._heed: Heed | None = None
        self._restored: Restored | None = None
        self._orders: deque[tuple[str, ...]] = deque()  # what is to be sent, in order
        self._ordered = asyncio.Event()
        self._connected = False
        self._confirms: defaultdict[str, deque[asyncio.Future[bool]]] = defaultdict(deque)
        self._outstanding = 0  # channels asked for and not confirmed
        self._leaving: Counter[str] = Counter()  # channels left, and that not confirmed
        self._doubted = asyncio.Event()
        self._beat_at = 0.0
        self._beats = 0  # since the connection was made
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, beat: str, heed: Heed, restored: Restored) -> None:
        """Begin; waits at most a second for Redis, and goes on degraded without it."""
        self.begin(beat, heed, restored)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.begun.wait(), _START_S)
        self.begun.set()

    def begin(self, beat: str, heed: Heed, restored: Restored) -> None:
        """Begin without waiting; with ``begun`` set, ``restored`` is called the first time, too."""
        self.beat, self._heed, self._restored = beat, heed, restored
        loop = asyncio.get_running_loop()
        works = (self._publisher.run(), self._follow(), self._keep_beating())
        self._tasks = [loop.create_task(work) for work in works]

    def put(self, channel: str, payload: bytes) -> bool:
        """Queue a message; False: dropped, for there is no connection or too much waits."""
        return self._publisher.put(channel, payload)

    async def subscribe(self, channel: str) -> bool:
        """Receive a channel; True when Redis confirmed it within 0.1 s."""
        self.channels.add(channel)
        if not self._connected:
            return False  # it will be among those subscribed on connecting
        confirmed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._confirms[channel].append(confirmed)
        self._order(self._subscribe, channel)
        try:
            return await asyncio.wait_for(asyncio.shield(confirmed), _WAIT_S)
        except TimeoutError:
            return False

    def unsubscribe(self, channel: str) -> None:
        """Receive a channel no longer."""
        if channel in self.channels:
            self.channels.remove(channel)
            if self._connected:
                self._leaving[channel] += 1
                self._order(self._unsubscribe, channel)

    def adopt(self, channels: set[str], beat: str) -> None:
        """Receive channels that another line carried, and beat on ``beat``.

        Degraded until that is confirmed and ``restored`` has been called.
        """
        self.channels |= channels
        self.beat = beat
        if self._connected:
            self.state = BusState.DEGRADED
            self._beats = 0
            for channel in (beat, *channels):
                self._order(self._subscribe, channel)
            self._doubted.set()

    def forget(self, channels: set[str]) -> None:
        """Pass over what still comes on channels that another line carries now.

        The server is not told: it would answer that they have moved.
        """
        self.channels -= channels

    async def aclose(self) -> None:
        """Send what is queued, at most 0.5 s, and stop; may be called again."""
        if self._tasks:
            await self._publisher.flush(0.5)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.pool.disconnect()

    # --- the connection that listens --------------------------------------------------------------

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                async with open_link(self.pool) as link:
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
        self._leaving.clear()
        channels = [self.beat, *self.channels]
        for start in range(0, len(channels), self._chunk):
            self._order(self._subscribe, *channels[start : start + self._chunk])
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
        subscribed, unsubscribed = (
            word.lower().encode() for word in (self._subscribe, self._unsubscribe)
        )
        while True:
            kind, name, *rest = await link.read()
            channel = name.decode()
            if kind == self._message:
                self._hear(channel, rest[0])
            elif kind == subscribed:
                self._outstanding -= 1
                queue = self._confirms.get(channel)
                if queue:
                    confirmed = queue.popleft()
                    if not confirmed.done():
                        confirmed.set_result(True)
                    if not queue:
                        del self._confirms[channel]
            elif kind == unsubscribed:
                self._leaving[channel] -= 1
                if self._leaving[channel] < 0:  # nobody asked for it: the channel has moved
                    self._troubled(channel)
                if self._leaving[channel] <= 0:
                    del self._leaving[channel]

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
        while True:
            while self._outstanding > 0 or self._beats == 0:
                await self._clock.sleep(0.02)
            self._doubted.clear()
            lost_before = self.begun.is_set()
            while lost_before and self._restored is not None:
                try:
                    await self._restored()
                    break
                except Exception as error:  # noqa: BLE001 - the database may be away as well
                    _log.warning("bus_catch_up_failed", error=repr(error))
                    await self._clock.sleep(_BEAT_S)
            if not self._doubted.is_set():
                self.state = BusState.HEALTHY
                self.begun.set()
                if lost_before:
                    _log.info("bus_restored", channels=len(self.channels))
                await self._doubted.wait()

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(_BEAT_S / 2)
            if self._clock.monotonic() - self._beat_at > _SILENT_S:
                raise _Silent

    async def _keep_beating(self) -> None:
        while True:
            self._publisher.put(self.beat, b"")
            # Until the first one came back quickly: the start waits for it.
            await self._clock.sleep(_BEAT_S if self._beats else _BEAT_S / 20)

    def _hear(self, channel: str, payload: bytes) -> None:
        if channel == self.beat:
            self._beats += 1
            self._beat_at = self._clock.monotonic()
        elif channel in self.channels and self._heed is not None:
            self._heed(channel, payload)

    # --- parts ------------------------------------------------------------------------------------

    def _lose(self, error: str) -> None:
        if self.state is BusState.HEALTHY or not self.begun.is_set():  # said once
            _log.warning("bus_lost", error=error)
        self.state = BusState.DEGRADED
        self.begun.set()
        self._troubled(None)

    def _order(self, word: str, *channels: str) -> None:
        if word == self._subscribe:
            self._outstanding += len(channels)
        self._orders.append((word, *channels))
        self._ordered.set()
