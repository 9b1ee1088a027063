"""Listen and publish on the servers of a Redis Cluster, each channel where its slot lives."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import structlog

from realtime.bus import BusState, Restored
from realtime.clock import Clock
from realtime.cluster_slots import Address, ClusterSlots
from realtime.redis_carrier import Heed
from realtime.redis_line import RedisLine
from realtime.redis_link import LINK_ERRORS, open_link, open_pool, pool_beside

__all__ = ["RedisShards"]

_log = structlog.get_logger("lockstep.realtime")

_START_S: Final = 1.0  # a start waits this long for the bus, and goes on without it
_ANSWER_S: Final = 1.0
_LOOK_EVERY_S: Final = 10.0  # although nothing failed: a server cut off from the rest does not say
_LOOK_PAUSE_S: Final = 0.2


class RedisShards:
    """Be the carrier over a cluster: one line to each master, sharded publish and subscribe.

    Each line proves itself by a heartbeat on a channel of its own server, so a single dead master
    is noticed; the bus is healthy while all of them are, and every slot has an owner. Whenever a
    line fails, a server points elsewhere (MOVED) or stops sending a channel, the owners are looked
    up again: channels go to the line that carries them now, which has the replica catch up.

    redis-py's own ``ClusterPubSub`` polls its servers in turn and mends its connections behind the
    caller's back; what was lost meanwhile nobody learns.
    """

    def __init__(self, urls: list[str], clock: Clock) -> None:
        self._seeds = [open_pool(url) for url in urls]
        self._clock = clock
        self._slots = ClusterSlots()
        self._lines: dict[Address, RedisLine] = {}
        self._channels: set[str] = set()  # what is to be received
        self._dropped: set[str] = set()  # what servers stopped sending
        self._stale = asyncio.Event()  # what is known of the owners may be wrong
        self._begun = asyncio.Event()
        self._beat = ""
        self._heed: Heed | None = None
        self._restored: Restored | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> BusState:
        """Tell whether all heartbeats come back and all owners are known."""
        lines = self._lines.values()
        well = self._slots.complete and not self._stale.is_set()
        if well and all(line.state is BusState.HEALTHY for line in lines):
            return BusState.HEALTHY
        return BusState.DEGRADED

    async def start(self, beat: str, heed: Heed, restored: Restored) -> None:
        """Begin; waits at most a second for the cluster, and goes on degraded without it."""
        self._beat, self._heed, self._restored = beat, heed, restored
        self._stale.set()
        self._task = asyncio.get_running_loop().create_task(self._watch())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                await self._begun.wait()
                for line in tuple(self._lines.values()):
                    await line.begun.wait()
        self._begun.set()
        for line in self._lines.values():
            line.begun.set()

    def put(self, channel: str, payload: bytes) -> bool:
        """Queue a message for the server that owns the channel; dropped when none is known."""
        line = self._line(channel)
        return line is not None and line.put(channel, payload)

    async def subscribe(self, channel: str) -> bool:
        """Receive a channel; True when its server confirmed it within 0.1 s."""
        self._channels.add(channel)
        line = self._line(channel)
        return line is not None and await line.subscribe(channel)

    def unsubscribe(self, channel: str) -> None:
        """Receive a channel no longer."""
        self._channels.discard(channel)
        self._dropped.discard(channel)
        for line in self._lines.values():
            line.unsubscribe(channel)

    async def aclose(self) -> None:
        """Send what is queued, at most 0.5 s, and stop; may be called again."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        lines = [line.aclose() for line in self._lines.values()]
        await asyncio.gather(*lines, *self._closing, return_exceptions=True)
        for pool in self._seeds:
            await pool.disconnect()

    # --- who owns what ----------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Look up the owners when something is wrong, and now and then."""
        lost = False
        while True:
            self._stale.clear()
            try:
                self._arrange(await self._look())
                lost = False
            except Exception as error:  # noqa: BLE001 - whatever it is, the bus must come back
                self._stale.set()
                if not lost:  # said once
                    _log.warning("cluster_lost", error=repr(error))
                lost = True
            self._begun.set()
            await self._clock.sleep(_LOOK_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stale.wait(), _LOOK_EVERY_S)

    async def _look(self) -> ClusterSlots:
        """Ask one server after the other, those that work first; raises the last one's failure."""
        lines = sorted(self._lines.values(), key=lambda line: line.state is BusState.DEGRADED)
        failure: Exception = LookupError("no server of the cluster owns a slot")
        for pool in [*(line.pool for line in lines), *self._seeds]:
            try:
                async with asyncio.timeout(_ANSWER_S), open_link(pool) as link:
                    reply = await link.ask("CLUSTER", "SLOTS")
                found = ClusterSlots.read(reply, str(pool.connection_kwargs["host"]))
            except LINK_ERRORS as error:
                failure = error
                continue
            if found.masters:
                return found
        raise failure

    def _arrange(self, found: ClusterSlots) -> None:
        """Have a line to every master, and every channel on the line that carries it."""
        dropped, self._dropped = self._dropped, set()
        if found == self._slots and not dropped:
            return
        self._slots = found
        for address in self._lines.keys() - found.masters:
            self._close(self._lines.pop(address))
        homes: dict[Address, set[str]] = {address: set() for address in found.masters}
        for channel in self._channels:
            owner = found.owner(channel)
            if owner is not None:
                homes[owner].add(channel)
        for address, channels in homes.items():
            line = self._lines.get(address)
            if line is None:
                self._open(address, channels)
                continue
            line.forget(line.channels - channels)
            beat = line.beat
            if found.owner(beat) != address or beat in dropped:
                beat = found.channel_of(address, self._beat)
            new = channels - line.channels | channels & dropped
            if new or beat != line.beat or beat in dropped:
                line.adopt(new, beat)

    def _open(self, address: Address, channels: set[str]) -> None:
        pool = pool_beside(self._seeds[0], address.host, address.port)
        line = RedisLine(pool, self._clock, sharded=True, troubled=self._doubt)
        line.channels |= channels
        if self._begun.is_set():
            line.begun.set()  # it takes over from another one: there is something to catch up with
        assert self._heed is not None and self._restored is not None  # noqa: S101, PT018 - started
        line.begin(self._slots.channel_of(address, self._beat), self._heed, self._restored)
        self._lines[address] = line

    def _close(self, line: RedisLine) -> None:
        task = asyncio.get_running_loop().create_task(line.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _doubt(self, channel: str | None) -> None:
        if channel is not None:
            self._dropped.add(channel)
        self._stale.set()

    def _line(self, channel: str) -> RedisLine | None:
        owner = self._slots.owner(channel)
        return None if owner is None else self._lines.get(owner)
