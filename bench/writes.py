"""How many durable writes a second one replica takes, beside its limit and an ordinary peer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bench.cpu import cpu_seconds
from bench.figure import Figure, Measured
from bench.job_write import Written, write_http, write_rpc
from bench.peer import start_peer
from bench.pgbench import pgbench
from bench.samples import percentile
from bench.site import Site

__all__ = ["writes"]

_CLIENTS, _PEOPLE, _LISTS, _RUNS = 32, 8, 50, 3
# A list holds 10,000 live todos: a run on one list, its warm-up included, must end before that.
_COUNT, _PEER_COUNT, _WITHIN_S = 5_000, 600, 5.0


@dataclass
class _Series:
    """Collect the runs of one way to write."""

    runs: list[Written] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def rates(self) -> tuple[float, ...]:
        return tuple(run.rate for run in self.runs)

    def p99(self) -> tuple[float, ...]:
        return tuple(percentile(run.latencies, 99) * 1000 for run in self.runs)


async def writes(site: Site) -> Measured:
    """Measure todo creations through HTTP and RPC, under pgbench, and through the peer."""
    database = site.database()
    replica = await site.replica(database)
    people = await site.people(replica, _PEOPLE)
    tokens = [person.access_token for person in people]
    peer = await start_peer(site)
    series = {name: _Series() for name in ("many", "hot", "rpc", "peer many", "peer hot")}
    limits: dict[str, list[float]] = {"single": [], "shared": []}
    many = await site.shared_lists(people, _LISTS)

    async def run(
        name: str, job: Callable[..., Coroutine[Any, Any, Written]], place: str, lists: list[str]
    ) -> None:
        process = peer.process if name.startswith("peer") else replica.process
        their_tokens = peer.tokens if name.startswith("peer") else tokens
        before = cpu_seconds(process)
        count = _PEER_COUNT if name.startswith("peer") else _COUNT
        written = await site.load.run(
            job, place, their_tokens, lists, clients=_CLIENTS, count=count, within_s=_WITHIN_S
        )
        series[name].runs.append(written)
        used = cpu_seconds(process) - before
        series[name].cpu.append(used * 1e6 / (len(written.latencies) + count // 10))

    for _ in range(_RUNS):
        await run("many", write_http, replica.origin, many)
        await run("hot", write_http, replica.origin, await site.shared_lists(people, 1))
        await run("rpc", write_rpc, replica.websocket, await site.shared_lists(people, 1))
        await run("peer many", write_http, peer.origin, peer.make_lists(_LISTS))
        await run("peer hot", write_http, peer.origin, peer.make_lists(1))
        for name, clients, group in (("single", 10, 1), ("shared", 1, 16)):
            limits[name].append(
                await pgbench(site, replica, database, people[0], clients=clients, group=group)
            )
    await replica.kill()
    peer.process.kill()
    return Measured(
        f"Writes: durable todo creations, {_CLIENTS} clients, one replica process",
        f"{_PEOPLE} people with {_CLIENTS // _PEOPLE} clients each, all editors of every list; each"
        " write has an access token, an operation id, row-level security and its log entry, and is "
        "answered after COMMIT; the next one of that client follows the answer. The limit is the "
        "same database function under pgbench. The peer is FastAPI with the SQLAlchemy ORM in the "
        "ordinary layers (`bench/peers/fastapi_orm`), one process, same tables, same versions of "
        "server and driver, without row-level security and fan-out.",
        _figures(series, limits),
    )


def _figures(series: dict[str, _Series], limits: dict[str, list[float]]) -> tuple[Figure, ...]:
    figures: list[Figure] = []
    for name, label, goal in (
        ("many", f"HTTP, {_LISTS} lists", 1_500),
        ("hot", "HTTP, one list", 2_500),
        ("rpc", "RPC on sockets, one list", 3_500),
    ):
        one = series[name]
        figures += [
            Figure(label, "/s", one.rates(), goal, floor=True),
            Figure(f"{label}: p99", "ms", one.p99(), 40),
            Figure(f"{label}: processor time of the replica", "µs", tuple(one.cpu)),
            Figure(
                f"{label}: share of a core the clients used",
                "",
                tuple(run.client_load for run in one.runs),
            ),
        ]
    figures += [
        Figure("pgbench, 10 lists, a transaction each", "/s", tuple(limits["single"])),
        Figure("pgbench, one connection, 16 share each", "/s", tuple(limits["shared"])),
    ]
    for name, label in (("many", f"{_LISTS} lists"), ("hot", "one list")):
        own, peer = series[name], series[f"peer {name}"]
        ratios = [mine / theirs for mine, theirs in zip(own.rates(), peer.rates(), strict=True)]
        figures += [
            Figure(f"peer, HTTP, {label}", "/s", peer.rates()),
            Figure(f"peer, HTTP, {label}: p99", "ms", peer.p99()),
            Figure(f"peer, {label}: its processor time", "µs", tuple(peer.cpu)),
            Figure(f"Lockstep to the peer, {label}", "x", tuple(ratios), 6, floor=True),
        ]
    return tuple(figures)
