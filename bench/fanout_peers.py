"""The same fan-out through other servers, one after another, beside Lockstep and the C loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from bench.broadcaster import Broadcaster, send_loop
from bench.broadcaster_centrifugo import centrifugo_broadcaster, has_centrifugo
from bench.broadcaster_lockstep import LockstepBroadcaster, lockstep_broadcaster
from bench.broadcaster_peer import PEERS, peer_broadcaster
from bench.cores import apart_from_the_server
from bench.fanout import SHARES
from bench.fanout_client import FanoutClient, fanout_client
from bench.fanout_run import FanoutRun, Load, fan_out
from bench.figure import Figure, Measured
from bench.memory import settled
from bench.plot import Plot
from bench.site import Site

__all__ = ["fanout_peers"]

_SIZES = (1_000, 10_000)
_FIRST = 100  # sockets before the others, so that code and pools are loaded
_BUDGET_S = 1.5  # what one run may take, as far as that leaves a few publications
_MOST = {1: 30, 10: 100}  # publications of a run, one at a time and in bursts

_Open = Callable[[], AbstractAsyncContextManager[Broadcaster]]


@dataclass
class _Seen:
    """Collect what one server showed, by number of sockets."""

    name: str
    single: dict[int, FanoutRun] = field(default_factory=dict)
    burst: dict[int, FanoutRun] = field(default_factory=dict)
    unit: dict[int, float] = field(default_factory=dict)
    kib: float = 0.0
    joins: float = 0.0


async def fanout_peers(site: Site, sizes: tuple[int, int] = _SIZES) -> Measured:
    """Measure every server that is installed, the C loop each time just before it."""
    servers: list[tuple[str, _Open, tuple[int, ...]]] = [
        ("Lockstep", partial(lockstep_broadcaster, site), sizes)
    ]
    if has_centrifugo():
        servers.append(("Centrifugo", partial(centrifugo_broadcaster, site), sizes))
    for kind in PEERS:
        if kind.why_missing:
            print(f"{kind.name} is left out: {kind.why_missing} missing.")
        else:
            opened = partial(peer_broadcaster, site, kind)
            servers.append((kind.name, opened, sizes[:1] if kind.slow else sizes))
    seen = []
    with apart_from_the_server(site):
        async with AsyncExitStack() as stack:
            loop = await stack.enter_async_context(send_loop(site.run))
            client = await stack.enter_async_context(fanout_client(site.run, loop.dialect))
            for name, opens, their in servers:
                async with opens() as server:
                    seen.append(await _measure(site, name, server, loop, client, their))
    return Measured(
        f"Peers: the same fan-out, {sizes[0]:,} and {sizes[1]:,} sockets on one list",
        "One server at a time on a core of its own, the same client on the other. Publications of "
        "240 bytes, one at a time, then in bursts of ten, as many as fit 1.5 s; Lockstep sends its "
        "own entries and commits each to PostgreSQL before. Processor time per delivery is the "
        "server's; the C loop of send() runs with as many sockets just before each, and is the "
        "unit. Memory is what the resident set grew by per socket, after a garbage collection "
        "where one can be asked for. Joins: 64 at a time; a peer's join is the upgrade (Socket.IO: "
        "and its namespace), Lockstep's has a token, a subscription with recovery and presence. "
        f"Who is slow is measured with {sizes[0]:,} only. "
        "Peers keep nothing: who was away has lost what was sent.",
        tuple(figure for each in seen for figure in _figures(each)),
        _plots(seen, sizes),
    )


async def _measure(
    site: Site,
    name: str,
    server: Broadcaster,
    loop: Broadcaster,
    limit: FanoutClient,
    sizes: tuple[int, ...],
) -> _Seen:
    seen = _Seen(name)
    since = server.crowd.offset if isinstance(server, LockstepBroadcaster) else 0
    async with fanout_client(site.run, server.dialect) as client:
        await client.open(_FIRST, [server.port], since=since)
        await _run(client, server, sizes[0], _FIRST, seen=_Seen(""))
        before, have = await settled(server), _FIRST
        for size in sizes:
            joined = await client.open(size - have, [server.port], since=since, patient=True)
            seen.joins = (size - have) / joined["seconds"]
            seen.kib = (await settled(server) - before) / (size - have)
            await limit.open(size, [loop.port])
            unit = await fan_out(limit, loop, Load(_MOST[1] // 2, 20.0))
            seen.unit[size] = unit.cpu_us
            await limit.close()
            await _run(client, server, size, size, seen)
            before, have = await settled(server), size
    return seen


async def _run(client: FanoutClient, server: Broadcaster, key: int, live: int, seen: _Seen) -> None:
    """Publish at a rate that leaves the server idle for a third of the time."""
    begin = time.monotonic()
    await client.expect(live, max(await server.publish()), within_s=60)
    each = max(0.02, 1.5 * (time.monotonic() - begin))
    for together, runs in ((1, seen.single), (10, seen.burst)):
        turn = each * (1 if together == 1 else 4)
        turns = max(2, min(_MOST[together] // together, int(_BUDGET_S / turn)))
        runs[key] = await fan_out(client, server, Load(turns * together, 1 / turn, together))


def _figures(seen: _Seen) -> list[Figure]:
    figures = []
    for size, single in seen.single.items():
        burst, unit = seen.burst[size], seen.unit[size]
        at = f"{seen.name}, {size:,}"
        figures += [
            Figure(f"{at}: a delivery", "µs", (single.cpu_us,)),
            Figure(f"{at}: to the C loop", "x", (single.cpu_us / unit,)),
            Figure(f"{at}: to the C loop, in bursts of 10", "x", (burst.cpu_us / unit,)),
            Figure(f"{at}: a core's deliveries", "/s", (1e6 / single.cpu_us,)),
            *(Figure(f"{at}: {label}", "ms", (single.delays[share],)) for share, label in SHARES),
        ]
    return [
        *figures,
        Figure(f"{seen.name}: memory of an idle socket", "KB", (seen.kib,)),
        Figure(f"{seen.name}: joins a second", "/s", (seen.joins,)),
    ]


def _plots(seen: list[_Seen], sizes: tuple[int, int]) -> tuple[Plot, ...]:
    cost = [
        Plot(
            f"fanout-cost-{size}",
            f"Processor time of a delivery, {size:,} sockets on one list",
            "µs",
            (
                ("C loop of send()", min(each.unit[size] for each in seen if size in each.unit)),
                *((each.name, each.single[size].cpu_us) for each in seen if size in each.single),
            ),
        )
        for size in sizes
    ]
    return (
        *cost,
        Plot(
            "fanout-memory",
            "Memory of an idle socket",
            "KB",
            tuple((each.name, each.kib) for each in seen),
        ),
        Plot(
            "fanout-joins",
            "Joins a second, one core",
            "/s",
            tuple((each.name, each.joins) for each in seen),
        ),
    )
