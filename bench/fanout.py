"""What a delivery costs with 1,000 to 15,000 sockets on one list, beside the kernel's price."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from bench.broadcaster import MESSAGE_BYTES, Broadcaster, send_loop
from bench.broadcaster_lockstep import LockstepBroadcaster, lockstep_broadcaster
from bench.cores import apart_from_the_server, processor_ns
from bench.fanout_client import FanoutClient, fanout_client
from bench.fanout_run import FanoutRun, Load, fan_out
from bench.figure import Figure, Measured
from bench.site import Site

__all__ = ["SHARES", "fanout"]

SHARES = (("p50", "p50"), ("p95", "p95"), ("p99", "p99"), ("p999", "p99.9"))
"""The percentiles of a run, by the client's name and by ours."""

_RUNS = 3
_SIZES = (1_000, 10_000, 15_000)
_SINGLE = {1_000: Load(60, 30.0), 10_000: Load(12, 5.0), 15_000: Load(9, 3.0)}
_BURST = {1_000: Load(200, 5.0, 10), 10_000: Load(60, 2.0, 10), 15_000: Load(40, 1.5, 10)}
# Of the C loop's processor time per delivery in the same run.
_GOAL_SINGLE, _GOAL_BURST = 1.4, 0.35
# Beyond the two sizes with goals of their own, only the cost per delivery is held to the first's.
_GOAL_SPREAD = 1.15
_PAUSE_S = 0.02  # between writes that nobody follows


@dataclass
class Series:
    """Collect the runs of one server with one number of sockets."""

    name: str
    single: list[FanoutRun] = field(default_factory=list)
    burst: list[FanoutRun] = field(default_factory=list)

    def cpu(self, *, burst: bool = False) -> tuple[float, ...]:
        """Give the microseconds per delivery of each run."""
        return tuple(run.cpu_us for run in (self.burst if burst else self.single))

    def delay(self, share: str, *, burst: bool = False) -> tuple[float, ...]:
        """Give a percentile of the delays of each run, in milliseconds."""
        return tuple(run.delays[share] for run in (self.burst if burst else self.single))


@dataclass
class _Seen:
    """Collect all series of one number of sockets, and what writes cost that nobody follows."""

    limit: Series = field(default_factory=lambda: Series("C loop"))
    elsewhere: Series = field(default_factory=lambda: Series("Lockstep"))
    here: Series = field(default_factory=lambda: Series("Lockstep with its writes"))
    write_us: list[float] = field(default_factory=list)
    batched_us: list[float] = field(default_factory=list)


async def fanout(site: Site, sizes: Sequence[int] = _SIZES, runs: int = _RUNS) -> Measured:
    """Measure Lockstep and the C loop in turns, each with the same client on the other core."""
    figures: list[Figure] = []
    first: tuple[float, ...] = ()
    with apart_from_the_server(site):
        for size in sizes:
            seen = await _measure(site, size, runs)
            figures += _figures(size, seen)
            costs = seen.elsewhere.cpu()
            first = first or costs
            if size != sizes[0]:
                change = tuple(cpu / base for cpu, base in zip(costs, first, strict=True))
                name = f"Lockstep: a delivery among {size:,} to one among {sizes[0]:,}"
                figures.append(Figure(name, "x", change, _GOAL_SPREAD))
    return Measured(
        "Fan-out: one list, one replica on a core of its own",
        "The server on one core; the client, PostgreSQL and Redis on the other. One todo is "
        "changed over HTTP at a low rate, each change reaches every socket before the next; in a "
        "burst ten changes are one atomic batch. Nothing is subtracted from the processor time, "
        "user and system, of the replica that holds the sockets. Once the changes are written "
        "through another replica, on the clients' core, and come through Redis; once through this "
        "one, whose writes count then (what they cost in a list that nobody follows stands below)."
        f" The C loop writes a ready frame of {MESSAGE_BYTES} bytes to each socket with send(), in "
        "turns with the replica; a ratio compares neighbouring runs, and the unit is always the "
        "loop's cost one at a time. Delays run from the moment COMMIT had returned (in bursts: the "
        "request was sent) to the arrival at each socket. The client (C, epoll) checks that every "
        "offset is exactly one higher than the last.",
        tuple(figures),
    )


async def _measure(site: Site, size: int, runs: int) -> _Seen:
    seen = _Seen()
    async with AsyncExitStack() as stack:
        loop = await stack.enter_async_context(send_loop(site.run))
        here = await stack.enter_async_context(lockstep_broadcaster(site))
        elsewhere = await stack.enter_async_context(here.written_elsewhere(site))
        limit = await stack.enter_async_context(fanout_client(site.run, loop.dialect))
        crowd = await stack.enter_async_context(fanout_client(site.run, here.dialect))
        await limit.open(size, [loop.port])
        await crowd.open(size, [here.port], since=here.crowd.offset, patient=True)
        turns: list[tuple[FanoutClient, Broadcaster, Series]] = [
            (limit, loop, seen.limit),
            (crowd, elsewhere, seen.elsewhere),
            (crowd, here, seen.here),
        ]
        for _ in range(runs):
            for client, server, series in turns:
                series.single.append(await fan_out(client, server, _SINGLE[size]))
                series.burst.append(await fan_out(client, server, _BURST[size]))
            seen.write_us.append(await _write_us(here, 20, 1))
            seen.batched_us.append(await _write_us(here, 5, 10))
    return seen


async def _write_us(server: LockstepBroadcaster, count: int, together: int) -> float:
    """Give the microseconds of processor time of a change that nobody follows."""
    used = processor_ns(server.pid)
    for _ in range(count):
        await server.write(together)
        await asyncio.sleep(_PAUSE_S)
    return (processor_ns(server.pid) - used) / 1000 / count / together


def _figures(size: int, seen: _Seen) -> list[Figure]:
    figures = []
    for burst, what, goal in ((False, "", _GOAL_SINGLE), (True, " in bursts of 10", _GOAL_BURST)):
        at = f"{size:,} sockets{what}"
        figures += [
            Figure(f"{at}: C loop, a delivery", "µs", seen.limit.cpu(burst=burst)),
            Figure(f"{at}: C loop, p99", "ms", seen.limit.delay("p99", burst=burst)),
        ]
        for ours in (seen.elsewhere, seen.here):
            cpu, unit = ours.cpu(burst=burst), seen.limit.cpu()
            ratio = tuple(mine / one for mine, one in zip(cpu, unit, strict=True))
            held = goal if size in _SIZES[:2] else None
            figures += [
                Figure(f"{at}: {ours.name}, a delivery", "µs", cpu),
                Figure(f"{at}: {ours.name}, to the C loop's single ones", "x", ratio, held),
            ]
        cpu = seen.elsewhere.cpu(burst=burst)
        figures += [
            Figure(f"{at}: Lockstep, a core's deliveries", "/s", tuple(1e6 / one for one in cpu)),
            *(
                Figure(f"{at}: Lockstep, {label}", "ms", seen.elsewhere.delay(share, burst=burst))
                for share, label in SHARES
            ),
        ]
    load = tuple(run.client_load for run in seen.elsewhere.single)
    return [
        *figures,
        Figure(f"{size:,} sockets: a write without followers", "µs", tuple(seen.write_us)),
        Figure(f"{size:,} sockets: one of ten in a batch", "µs", tuple(seen.batched_us)),
        Figure(f"{size:,} sockets: share of its core the client used", "", load),
    ]
