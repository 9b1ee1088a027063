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

__all__ = ["fanout"]

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

    single: list[FanoutRun] = field(default_factory=list)
    burst: list[FanoutRun] = field(default_factory=list)
    write_us: list[float] = field(default_factory=list)
    burst_write_us: list[float] = field(default_factory=list)

    def cpu(self, *, burst: bool = False) -> tuple[float, ...]:
        """Give the microseconds per delivery of each run."""
        return tuple(run.cpu_us for run in (self.burst if burst else self.single))

    def delay(self, share: str, *, burst: bool = False) -> tuple[float, ...]:
        """Give a percentile of the delays of each run, in milliseconds."""
        return tuple(run.delays[share] for run in (self.burst if burst else self.single))


async def fanout(site: Site, sizes: Sequence[int] = _SIZES, runs: int = _RUNS) -> Measured:
    """Measure Lockstep and the C loop in turns, each with the same client on the other core."""
    figures: list[Figure] = []
    first: tuple[float, ...] = ()
    with apart_from_the_server(site):
        for size in sizes:
            limit, ours = await _measure(site, size, runs)
            figures += _figures(size, limit, ours)
            first = first or ours.cpu()
            if size != sizes[0]:
                change = tuple(cpu / base for cpu, base in zip(ours.cpu(), first, strict=True))
                name = f"Lockstep: a delivery among {size:,} to one among {sizes[0]:,}"
                figures.append(Figure(name, "x", change, _GOAL_SPREAD))
    return Measured(
        "Fan-out: one list, one replica on a core of its own",
        "The server on one core; the client, PostgreSQL and Redis on the other. One todo is "
        "changed over HTTP at a low rate, each change reaches every socket before the next; in a "
        "burst ten changes are one atomic batch. Processor time is the server's, user and system, "
        "its part in the writes included; what the same write costs in a list that nobody follows "
        f"stands beside it. The C loop writes a ready frame of {MESSAGE_BYTES} bytes to each "
        "socket with send(), in turns with the replica; a ratio compares neighbouring runs. Delays "
        "run from the moment COMMIT had returned (in bursts: the request was sent) to the arrival "
        "at each socket. The client (C, epoll) checks that every offset is exactly one higher than "
        "the last.",
        tuple(figures),
    )


async def _measure(site: Site, size: int, runs: int) -> tuple[Series, Series]:
    limit, ours = Series(), Series()
    async with AsyncExitStack() as stack:
        loop = await stack.enter_async_context(send_loop(site.run))
        lockstep = await stack.enter_async_context(lockstep_broadcaster(site))
        both: list[tuple[Broadcaster, FanoutClient, Series]] = []
        for server, series in ((loop, limit), (lockstep, ours)):
            client = await stack.enter_async_context(fanout_client(site.run, server.dialect))
            since = lockstep.crowd.offset if server is lockstep else 0
            await client.open(size, [server.port], since=since)
            both.append((server, client, series))
        for _ in range(runs):
            for server, client, series in both:
                series.single.append(await fan_out(client, server, _SINGLE[size]))
                series.burst.append(await fan_out(client, server, _BURST[size]))
            ours.write_us.append(await _write_us(lockstep, 40, 1))
            ours.burst_write_us.append(await _write_us(lockstep, 10, 10))
    return limit, ours


async def _write_us(server: LockstepBroadcaster, count: int, together: int) -> float:
    """Give the microseconds of processor time of a change that nobody follows."""
    used = processor_ns(server.pid)
    for _ in range(count):
        await server.write(together)
        await asyncio.sleep(_PAUSE_S)
    return (processor_ns(server.pid) - used) / 1000 / count / together


def _figures(size: int, limit: Series, ours: Series) -> list[Figure]:
    goals = size in _SIZES[:2]
    figures = []
    for burst, what, goal in ((False, "", _GOAL_SINGLE), (True, " in bursts of 10", _GOAL_BURST)):
        cpu, unit = ours.cpu(burst=burst), limit.cpu()
        ratio = tuple(mine / one for mine, one in zip(cpu, unit, strict=True))
        write = ours.burst_write_us if burst else ours.write_us
        bare = tuple(
            (mine - wrote / size) / one for mine, wrote, one in zip(cpu, write, unit, strict=True)
        )
        at = f"{size:,} sockets{what}"
        figures += [
            Figure(f"{at}: C loop, a delivery", "µs", limit.cpu(burst=burst)),
            Figure(f"{at}: Lockstep, a delivery", "µs", cpu),
            Figure(
                f"{at}: Lockstep to the C loop's single ones",
                "x",
                ratio,
                goal if goals else None,
            ),
            Figure(f"{at}: the same without the write's own", "x", bare),
            Figure(f"{at}: Lockstep, a core's deliveries", "/s", tuple(1e6 / one for one in cpu)),
            *(
                Figure(f"{at}: Lockstep, {label}", "ms", ours.delay(share, burst=burst))
                for share, label in (
                    ("p50", "p50"),
                    ("p95", "p95"),
                    ("p99", "p99"),
                    ("p999", "p99.9"),
                )
            ),
            Figure(f"{at}: C loop, p99", "ms", limit.delay("p99", burst=burst)),
        ]
    load = tuple(run.client_load for run in ours.single)
    return [
        *figures,
        Figure(
            f"{size:,} sockets: Lockstep, a write without followers", "µs", tuple(ours.write_us)
        ),
        Figure(
            f"{size:,} sockets: Lockstep, one of ten such in a batch",
            "µs",
            tuple(ours.burst_write_us),
        ),
        Figure(f"{size:,} sockets: share of its core the client used", "", load),
    ]
