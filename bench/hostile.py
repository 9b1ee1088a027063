"""What well-behaved sockets notice of devices that stop reading, and of clients that flood."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import psutil

from bench.broadcaster_lockstep import LockstepBroadcaster, lockstep_broadcaster
from bench.cores import apart_from_the_server, processor_ns
from bench.fanout_client import FanoutClient, fanout_client
from bench.fanout_run import FanoutRun, Load, fan_out
from bench.figure import Figure, Measured
from bench.job_hostile import FLOODS, harass
from bench.memory import settled
from bench.site import Site
from tests.servers.deadline import eventually
from tests.servers.raw_websocket import RawWebSocket

__all__ = ["hostile"]

_SOCKETS, _STALLED = 200, 20
_LOAD = Load(150, 100.0)
_HELD = 80  # devices that stopped, whose memory is measured
_TURNS = 4
_FLOODS_A_SECOND = 30.0
_GOAL_RATIO, _GOAL_KIB, _GOAL_CUT_S = 1.10, 256.0, 20.0
_RECEIVE_BYTES = 4_096  # what the kernel takes for a device that stopped: as little as it allows
_BURST = 8  # batches of 26 todos of 8 KB: 1.7 MB, six times what is kept for a device
_ASIDE = 100  # floods whose cost is measured with nobody else there


@dataclass
class _Seen:
    """Collect runs in trouble, each with the run in peace before it and the one after it.

    The replica's processor time tells of what the trouble costs even on a machine that others use.
    """

    what: str
    runs: list[tuple[FanoutRun, FanoutRun, FanoutRun]] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        """Give percentiles in trouble, and what they are to the mean of both in peace."""
        made = []
        for share, goal in (("p50", None), ("p99", _GOAL_RATIO)):
            peace = tuple((each[0].delays[share] + each[2].delays[share]) / 2 for each in self.runs)
            trouble = tuple(each[1].delays[share] for each in self.runs)
            ratio = tuple(late / base for late, base in zip(trouble, peace, strict=True))
            made += [
                Figure(f"in peace, around {self.what}: {share}", "ms", peace),
                Figure(f"with {self.what}: {share}", "ms", trouble),
                Figure(f"with {self.what}: {share} to that in peace", "x", ratio, goal),
            ]
        used = tuple(each[1].cpu_us * 2 / (each[0].cpu_us + each[2].cpu_us) for each in self.runs)
        name = f"with {self.what}: processor time to that in peace"
        return [*made, Figure(name, "x", used)]


async def hostile(site: Site, turns: int = _TURNS) -> Measured:
    """Measure one list's deliveries in peace and in trouble, in turns."""
    stalled = _Seen(f"{_STALLED} devices that stopped reading")
    flooded = _Seen(f"{_FLOODS_A_SECOND:.0f} floods a second")
    async with AsyncExitStack() as stack:
        stack.enter_context(apart_from_the_server(site))
        server = await stack.enter_async_context(lockstep_broadcaster(site))
        crowd = await stack.enter_async_context(fanout_client(site.run, server.dialect))
        await crowd.open(_SOCKETS, [server.port], since=server.crowd.offset)
        (aside,) = await site.shared_lists([server.crowd.owner], 1)
        kib = await _memory(server, aside)

        async def beside(count: int) -> FanoutRun:
            """Run after the burst, be it that nobody is there who does not read it."""
            async with _stopped(server, aside, count):
                return await fan_out(crowd, server, _LOAD)

        last = await beside(0)
        for _ in range(turns):
            before = last
            trouble = await beside(_STALLED)
            between = await beside(0)
            stalled.runs.append((before, trouble, between))
            async with _stopped(server, aside, 0):
                trouble = await _harassed(site, crowd, server)
            last = await beside(0)
            flooded.runs.append((between, trouble, last))
        cut_s = await _cut(server, aside)
        await crowd.close()
        cpu_us = await _cost(site, server)
    return Measured(
        f"Bad neighbours: {_SOCKETS} sockets on one list, and others that misbehave",
        "One replica on a core of its own; clients, PostgreSQL and Redis on the other. A todo is "
        f"changed {_LOAD.rate:.0f} times a second over HTTP; delays run from the moment COMMIT had "
        "returned to the arrival at each well-behaved socket, which must get all, in order. Runs "
        "in peace and in trouble follow each other; a ratio is that of a run in trouble to the "
        "mean of the runs in peace before and after it. Trouble is, first, "
        f"{_STALLED} more devices on the list that have stopped reading, with more waiting for "
        "each than is kept; second, clients that connect and flood, in turn with 10,000 pings, "
        "with 10,000 fragments of one byte, and with a message that is too long. What the devices "
        "do not read is written before every run, for PostgreSQL is busy with it for a while. "
        "Memory is what the resident set grows by for each further device that stopped. The time "
        "until one is gone runs from the last of what it does not read.",
        (
            *stalled.figures(),
            Figure("process memory for a device that stopped reading", "KiB", kib, _GOAL_KIB),
            Figure("until a device that stopped reading is gone", "s", (cut_s,), _GOAL_CUT_S),
            *flooded.figures(),
            Figure("processor time of the replica for a flood", "µs", (cpu_us,)),
        ),
    )


@asynccontextmanager
async def _stopped(
    server: LockstepBroadcaster, aside: str, count: int
) -> AsyncIterator[list[RawWebSocket]]:
    """Give devices that follow the list, and another one of which they read nothing of a flood."""
    owner = server.crowd.owner
    raws = []
    try:
        for _ in range(count):
            raw = await RawWebSocket.open(server.port, receive_bytes=_RECEIVE_BYTES)
            raws.append(raw)
            await raw.call(1, "connect", token=owner.access_token)
            for number, list_id in enumerate((server.crowd.list_id, aside), 2):
                reply = await raw.call(number, "subscribe", channel=f"list:{list_id}")
                assert "subscribe" in reply, reply
        for _ in range(_BURST):
            todo = {"type": "todo.create", "list_id": aside, "title": "milk", "notes": "x" * 8_000}
            commands = [todo | {"op": str(uuid.uuid4())} for _ in range(26)]
            await owner.call("POST", "/commands", {"commands": commands})
        yield raws
    finally:
        for raw in raws:
            raw.close()


async def _memory(server: LockstepBroadcaster, aside: str) -> tuple[float, ...]:
    """Give the KiB that each further device that stopped costs; the flood itself costs, too."""
    grown = []
    for count in (1, 1, 1 + _HELD):  # what only the first one costs is paid before it counts
        before = await settled(server)
        async with _stopped(server, aside, count):
            grown.append(await settled(server) - before)
    return ((grown[2] - grown[1]) / _HELD,)


async def _cut(server: LockstepBroadcaster, aside: str) -> float:
    """Give the seconds until the replica has let go of the last device that stopped."""
    process = psutil.Process(server.pid)
    async with _stopped(server, aside, _STALLED) as raws:
        began = time.monotonic()
        ports = {raw.sock.getsockname()[1] for raw in raws}

        def gone() -> bool:
            live = psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT
            held = (one for one in process.net_connections("tcp") if one.status in live)
            return ports.isdisjoint(one.raddr.port for one in held)

        await eventually(gone, "they are gone", within_s=60.0)
        return time.monotonic() - began


async def _harassed(site: Site, crowd: FanoutClient, server: LockstepBroadcaster) -> FanoutRun:
    """Run while others flood; raises AssertionError if one of those was not refused as it must."""
    seconds = _LOAD.publications / _LOAD.rate
    flooding = asyncio.create_task(
        site.load.run(harass, server.port, rate=_FLOODS_A_SECOND, seconds=seconds)
    )
    run = await fan_out(crowd, server, _LOAD)
    ended = await flooding
    assert set(ended) == set(FLOODS), ended
    assert sum(ended.values()) == round(_FLOODS_A_SECOND * seconds), ended
    return run


async def _cost(site: Site, server: LockstepBroadcaster) -> float:
    """Give the microseconds of processor time that a flood costs, its handshake included."""
    used = processor_ns(server.pid)
    await site.load.run(harass, server.port, rate=_ASIDE, seconds=1.0)
    return (processor_ns(server.pid) - used) / 1000 / _ASIDE
