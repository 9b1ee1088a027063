"""A hundred thousand sockets on one machine, and ten thousand that come back at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.broadcaster_lockstep import PEOPLE
from bench.crowd_people import Crowd, make_crowd
from bench.fanout_client import BACK_FROM_S, BACK_TO_S, Dialect, FanoutClient, fanout_client
from bench.figure import Figure, Measured
from bench.memory import resident_kib
from bench.site import Site
from bench.stamped_replica import StampedReplica

__all__ = ["crowd"]

_SOCKETS, _REPLICAS, _CHANGES = 100_000, 6, 5
_RETURNING, _OTHERS, _MISSED, _RUNS = 10_000, 1_000, 20, 3
_JOIN_S, _REACH_S, _RETURN_S = 240.0, 60.0, 60.0
_GOAL_REACH_S, _GOAL_RETURN_S = 1.5, 6.0


async def crowd(
    site: Site, sockets: int = _SOCKETS, returning: int = _RETURNING, runs: int = _RUNS
) -> Measured:
    """Measure one change reaching everyone, then the return after a replica's death."""
    figures = await _reach(site, sockets)
    back = [await _return(site, returning) for _ in range(runs)]
    return Measured(
        f"Crowd: {sockets:,} sockets over {_REPLICAS} replicas, and {returning:,} that come back",
        f"{_REPLICAS} replica processes on one PostgreSQL and Redis, no Nginx between, nothing "
        f"pinned, clients on the same cores; {PEOPLE} members of one list hold all the sockets. A "
        "change is written over HTTP to one replica; time runs from the moment COMMIT had returned "
        "to the arrival at the last socket of all. The return: three replicas, one of which holds "
        f"{returning:,} sockets and is killed (kill -9) while changes go on; each client waits as "
        "the official JavaScript SDK does (0.5 to 1 s at first), then joins another replica from "
        "its own last offset. Time runs from the kill until all are live and have every one of the "
        f"{_MISSED} changes written meanwhile. Log reads are all index scans of the entries.",
        (
            *figures,
            Figure(
                f"{returning:,} back after a kill, all live and complete",
                "s",
                tuple(each.seconds for each in back),
                _GOAL_RETURN_S,
            ),
            *(
                Figure(f"the return: {label}", unit, tuple(each.said[name] for each in back), goal)
                for label, name, unit, goal in (
                    ("joining again, p99", "p99", "ms", None),
                    ("attempts refused, and tried again", "refused", "", None),
                    ("gaps", "gaps", "", 0.0),
                    ("duplicates", "duplicates", "", 0.0),
                    ("positions lost", "unrecovered", "", 0.0),
                )
            ),
            Figure(
                "the return: log reads, both replicas",
                "",
                tuple(float(each.reads) for each in back),
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Returned:
    """Hold one return: seconds from the kill, the client's counts, and log reads meanwhile."""

    seconds: float
    said: Mapping[str, Any]
    reads: int


@asynccontextmanager
async def _replicas(
    site: Site, count: int
) -> AsyncIterator[tuple[str, list[StampedReplica], Crowd]]:
    """Start replicas on one database, with a list that many share."""
    database = site.database()
    replicas = [await site.replica(database) for _ in range(count)]
    try:
        yield database, replicas, await make_crowd(site, replicas[0], database, PEOPLE)
    finally:
        for replica in replicas:
            if replica.process is not None and replica.process.returncode is None:
                await replica.kill()


async def _clients(
    stack: AsyncExitStack, site: Site, people: Crowd, count: int
) -> list[FanoutClient]:
    dialect = Dialect("centrifugo", "/connection/websocket", people.greetings())
    return [
        await stack.enter_async_context(fanout_client(site.run, dialect, core=None))
        for _ in range(count)
    ]


async def _reach(site: Site, sockets: int) -> tuple[Figure, ...]:
    """Open all sockets, a client process for each replica, and write a few changes."""
    async with AsyncExitStack() as stack:
        _, replicas, people = await stack.enter_async_context(_replicas(site, _REPLICAS))
        clients = await _clients(stack, site, people, _REPLICAS)
        before = _memory(replicas)
        share = sockets // _REPLICAS
        begin = time.monotonic()
        joined = await asyncio.gather(
            *(
                client.open(
                    share,
                    [replica.port],
                    at_once=32,
                    since=people.offset,
                    within_s=_JOIN_S,
                    patient=True,
                )
                for client, replica in zip(clients, replicas, strict=True)
            )
        )
        joining = time.monotonic() - begin
        idle = (_memory(replicas) - before) / (share * _REPLICAS)
        lasts, middles = [], []
        for _ in range(_CHANGES):
            await asyncio.sleep(1.0)
            last, middle = await _change(replicas[0], people, clients, share)
            lasts.append(last)
            middles.append(middle)
    refused = sum(float(said["refused"]) for said in joined)
    return (
        Figure(f"one change at all {sockets:,} sockets", "s", tuple(lasts), _GOAL_REACH_S),
        Figure("the same, p50 of all sockets", "s", tuple(middles)),
        Figure("memory of a socket, without a collection", "KB", (idle,)),
        Figure(f"joins a second, {_REPLICAS} processes and clients on the same cores", "/s",
               (share * _REPLICAS / joining,)),
        Figure("attempts to join that were refused, and came back", "", (refused,)),
    )  # fmt: skip


async def _change(
    replica: StampedReplica, people: Crowd, clients: Sequence[FanoutClient], live: int
) -> tuple[float, float]:
    """Write one change; give the seconds to the last socket, and the worst client's median."""
    base = (await people.owner.position(people.list_id))["offset"]
    for client in clients:
        await client.record(base)
    sent = time.time_ns()
    offset = (await people.owner.add_todo(people.list_id))["offset"]
    reached = await asyncio.gather(
        *(client.expect(live, offset, within_s=_REACH_S) for client in clients)
    )
    wrong = [said for said in reached if said["gaps"] or said["duplicates"] or said["cut"]]
    assert not wrong, wrong[0]
    begun = replica.stamps().get((people.list_id, offset), sent)
    delays = [await client.delays({offset: begun}) for client in clients]
    assert sum(each["deliveries"] for each in delays) == live * len(clients), delays
    return max(each["max"] for each in delays) / 1e3, max(each["p50"] for each in delays) / 1e3


async def _return(site: Site, returning: int) -> _Returned:
    """Kill the replica that holds the crowd; see everyone back on the two others."""
    async with AsyncExitStack() as stack:
        database, replicas, people = await stack.enter_async_context(_replicas(site, 3))
        (client, *others) = await _clients(stack, site, people, 3)
        await client.open(
            returning, [replicas[0].port], since=people.offset, within_s=_JOIN_S, patient=True
        )
        refused = int((await client.status())["refused"])
        for other, replica in zip(others, replicas[1:], strict=True):
            await other.open(_OTHERS, [replica.port], since=people.offset, patient=True)
        ports = [replica.port for replica in replicas[1:]]
        await client.come_back(ports, from_s=BACK_FROM_S, to_s=BACK_TO_S)
        people.owner.at = replicas[1]
        reads = await _log_reads(site, database)
        killed = time.time_ns()
        await replicas[0].kill()
        head = people.offset
        for _ in range(_MISSED):
            head = (await people.owner.add_todo(people.list_id))["offset"]
            await asyncio.sleep(0.02)
        said = await client.expect(returning, head, within_s=_RETURN_S)
        assert said["cut"] >= returning, said
        for other in others:
            seen = await other.expect(_OTHERS, head, within_s=5)
            assert not seen["gaps"] + seen["duplicates"] + seen["cut"], seen
        said = {**said, "refused": said["refused"] - refused}
        return _Returned(
            (said["ns"] - killed) / 1e9, said, await _log_reads(site, database) - reads
        )


def _memory(replicas: Sequence[StampedReplica]) -> int:
    return sum(resident_kib(each.process.pid) for each in replicas if each.process is not None)


async def _log_reads(site: Site, database: str) -> int:
    """Count how often entries have been read by their key."""
    await asyncio.sleep(1.5)  # backends report what they did at most once a second
    statement = "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE relname = 'entries'"
    return int(site.postgresql.sql(statement, database=database)[0] or 0)
