"""How many sockets a second can join, and what each one holds while nothing happens."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bench.broadcaster import Broadcaster
from bench.broadcaster_lockstep import lockstep_broadcaster
from bench.cores import apart_from_the_server, processor_ns
from bench.crowd_people import greet_strangers
from bench.fanout_client import FanoutClient, fanout_client
from bench.figure import Figure, Measured
from bench.memory import settled
from bench.site import Site

__all__ = ["joins"]

_RUNS, _JOINING, _IDLE, _AT_ONCE = 3, 4_000, 10_000, 64
_FIRST = 200  # sockets before those whose memory is measured
_BEHIND = 3  # entries that each one who joins has missed


@dataclass
class _Joined:
    """Collect rounds of joins: a second, microseconds of the replica's each, slowest in ms."""

    rate: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)


async def joins(
    site: Site, joining: int = _JOINING, idle: int = _IDLE, runs: int = _RUNS
) -> Measured:
    """Measure joins with recovery, and the memory of idle sockets, on one replica."""
    kib, strangers, new = [], [], _Joined()
    with apart_from_the_server(site):
        behind, level = await _known(site, joining, runs)
        for _ in range(runs):
            kib.append(await _idle(site, idle, _Joined()))
            strangers.append(await _idle(site, idle, new, strangers=True))
    return Measured(
        f"Joins, and {idle:,} idle sockets",
        f"{joining:,} sockets of 200 members whom the replica has seen before join one list with "
        f"recovery, {_AT_ONCE} at a time: TCP, upgrade, connect with token, subscribe from "
        f"{_BEHIND} entries back; each gets exactly those. The replica has a core to itself. "
        "Memory is what the replica's resident set grew by, after a garbage collection, per socket "
        "that is authenticated, follows its inbox, the broadcasts and the list, and is present: "
        "once with 200 people on one list who hold all the sockets, once with a person and an "
        "inbox for each socket and 200 people a list, nobody of whom the replica had seen before.",
        (
            *_figures(f"joins, {_BEHIND} entries back", behind, 4_500),
            *_figures("joins at the head", level, None),
            *_figures("joins of people not seen before", new, None),
            Figure("memory of an idle socket, 200 people", "KB", tuple(kib), 10.0),
            Figure("memory of an idle socket, a person each", "KB", tuple(strangers), 10.0),
        ),
    )


def _figures(name: str, joined: _Joined, goal: float | None) -> tuple[Figure, ...]:
    return (
        Figure(f"{name}, a core", "/s", tuple(joined.rate), goal, floor=True),
        Figure(f"{name}: processor time of the replica", "µs", tuple(joined.cpu_us)),
        Figure(f"{name}: from connecting to complete, p99", "ms", tuple(joined.p99_ms)),
    )


async def _known(site: Site, joining: int, runs: int) -> tuple[_Joined, _Joined]:
    """Let people the replica knows join again and again: some entries back, and at the head."""
    behind, level = _Joined(), _Joined()
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
            for missed, seen in ((_BEHIND, behind), (0, level)):
                await _join(client, server, seen, joining, since=head - missed)
                status = await client.status()
                assert status["lowest"] == head, f"not complete: {status}"
                assert not status["unrecovered"] + status["gaps"] + status["duplicates"], status
                await client.close()
                await settled(server)
    return behind, level


async def _idle(site: Site, idle: int, joined: _Joined, *, strangers: bool = False) -> float:
    """Give the KiB that each of many sockets holds; ``strangers``: each is a person's own."""
    async with lockstep_broadcaster(site) as server:
        dialect, since = server.dialect, server.crowd.offset
        if strangers:
            greetings = greet_strangers(site, server.database, idle + _FIRST)
            dialect, since = replace(dialect, greetings=greetings), 0
        async with fanout_client(site.run, dialect) as client:
            await client.open(_FIRST, [server.port], since=since)
            before = await settled(server)
            await _join(client, server, joined, idle, since=since)
            return (await settled(server) - before) / idle


async def _join(
    client: FanoutClient, server: Broadcaster, seen: _Joined, count: int, since: int
) -> None:
    used = processor_ns(server.pid)
    said = await client.open(count, [server.port], at_once=_AT_ONCE, since=since, patient=True)
    seen.cpu_us.append((processor_ns(server.pid) - used) / 1000 / count)
    seen.rate.append(count / said["seconds"])
    seen.p99_ms.append(said["p99"])
