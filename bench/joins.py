"""How many sockets a second can join, and what each one holds while nothing happens."""

from __future__ import annotations

from bench.broadcaster_lockstep import lockstep_broadcaster
from bench.cores import apart_from_the_server, processor_ns
from bench.fanout_client import fanout_client
from bench.figure import Figure, Measured
from bench.memory import settled
from bench.site import Site

__all__ = ["joins"]

_RUNS, _JOINING, _IDLE, _AT_ONCE = 3, 4_000, 10_000, 64
_BEHIND = 3  # entries that each one who joins has missed


async def joins(
    site: Site, joining: int = _JOINING, idle: int = _IDLE, runs: int = _RUNS
) -> Measured:
    """Measure joins with recovery, and the memory of idle sockets, on one replica."""
    rate, cpu, p99, kib = [], [], [], []
    with apart_from_the_server(site):
        async with (
            lockstep_broadcaster(site) as server,
            fanout_client(site.run, server.dialect) as client,
        ):
            await client.open(500, [server.port], since=server.crowd.offset)
            await client.close()
            head = server.crowd.offset
            for _ in range(_BEHIND):
                head = max(await server.publish())
            await settled(server)
            for _ in range(runs):
                used = processor_ns(server.pid)
                said = await client.open(
                    joining, [server.port], at_once=_AT_ONCE, since=head - _BEHIND
                )
                cpu.append((processor_ns(server.pid) - used) / 1000 / joining)
                rate.append(joining / said["seconds"])
                p99.append(said["p99"])
                status = await client.status()
                assert status["lowest"] == head, f"not complete: {status}"
                assert not status["unrecovered"] + status["gaps"] + status["duplicates"], status
                await client.close()
                await settled(server)
        for _ in range(runs):
            async with (
                lockstep_broadcaster(site) as server,
                fanout_client(site.run, server.dialect) as client,
            ):
                await client.open(200, [server.port], since=server.crowd.offset)
                before = await settled(server)
                await client.open(idle, [server.port], since=server.crowd.offset)
                kib.append((await settled(server) - before) / idle)
    return Measured(
        f"Joins, and {idle:,} idle sockets",
        f"{joining:,} sockets of 200 members whom the replica has seen before join one list with "
        f"recovery, {_AT_ONCE} at a time: TCP, upgrade, connect with token, subscribe from "
        f"{_BEHIND} entries back; each gets exactly those. The replica has a core to itself. "
        "Memory is what the replica's resident set grew by, after a garbage collection, per socket "
        "that is authenticated, follows its inbox, the broadcasts and the list, and is present.",
        (
            Figure("joins a second, a core", "/s", tuple(rate), 4_500, floor=True),
            Figure("processor time of the replica per join", "µs", tuple(cpu)),
            Figure("from connecting to having everything, p99", "ms", tuple(p99)),
            Figure("memory of an idle socket", "KB", tuple(kib), 10.0),
        ),
    )
