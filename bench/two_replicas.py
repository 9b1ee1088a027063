"""How soon a change is on every screen across two replicas, and without Redis."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

from bench.delivery import since, spread
from bench.figure import Figure, Measured
from bench.job_follow import Followed, Socket, follow
from bench.samples import percentile
from bench.site import Site
from tests.servers.deadline import eventually

__all__ = ["two_replicas"]

_LISTS, _SOCKETS, _RATE, _SECONDS, _RUNS = 50, 4, 200.0, 5.0, 3
# The head poll, every second, is what carries changes while Redis is away.
_POLLED_S = 3.0


async def two_replicas(site: Site) -> Measured:
    """Measure delivery over two replicas: with Redis, with a frozen one, with a killed one."""
    database = site.database()
    replicas = [await site.replica(database), await site.replica(database)]
    people = await site.people(replicas[0], _SOCKETS)
    lists = await site.shared_lists(people, _LISTS)
    sockets = [
        Socket(replicas[number % 2].websocket, person.access_token, list_id)
        for list_id in lists
        for number, person in enumerate(people)
    ]
    writers = [
        (replicas[number % 2].origin, people[number].access_token, list_id)
        for number in range(2)
        for list_id in lists
    ]

    async def run(seconds: float, fault: Callable[[], object] | None = None) -> Followed:
        begun = site.run.directory / f"begun-{uuid.uuid4().hex}"
        job = site.load.run(
            follow,
            sockets,
            writers,
            rate=_RATE,
            seconds=seconds,
            warm_up=200,
            begun=begun,
            settle_s=_POLLED_S if fault else 0.5,
        )
        task = asyncio.create_task(job)
        if fault is not None:
            await eventually(lambda: begun.exists() or task.done(), "a run begins", within_s=60)
            fault()
        return await task

    def commits(seen: Followed) -> list[float]:
        return since(seen, replicas[0].stamps() | replicas[1].stamps())

    redis = site.redis.process
    if redis is None:
        raise RuntimeError("Redis was not started here")
    whole = [await run(_SECONDS) for _ in range(_RUNS)]
    frozen = await run(_SECONDS, redis.pause)
    redis.resume()
    again = await run(2.0)
    killed = await run(_SECONDS, redis.kill)
    site.redis.launch(site.run)
    for replica in replicas:
        await replica.kill()
    failed = [reason for seen in (*whole, frozen, again, killed) for reason in seen.failed]
    if failed:
        print(f"{len(failed)} writes failed, the first with {failed[0]}")
    return Measured(
        f"Two replicas: {_LISTS} lists, {_SOCKETS} sockets each, {_RATE:.0f} writes a second",
        "Two replicas on one PostgreSQL and Redis; the sockets of each list are spread over both, "
        "and so are its writers. Commit-to-delivery runs from the moment COMMIT returned to the "
        "writing replica to the arrival at each socket, of either replica. Then Redis is frozen"
        " (SIGSTOP), later killed, just as a run begins. Every socket got every entry, in order.",
        (
            *spread("commit to delivery", [commits(seen) for seen in whole], p50=3, p99=20),
            *spread("commit to delivery, Redis frozen", [commits(frozen)], p99=1500),
            *spread("commit to delivery, Redis thawed again", [commits(again)]),
            *spread("commit to delivery, Redis killed", [commits(killed)], p99=1500),
            *(
                Figure(f"request sent to its answer, {name}, p99", "ms", tuple(map(_answers, runs)))
                for name, runs in (
                    ("with Redis", whole),
                    ("Redis frozen", [frozen]),
                    ("Redis killed", [killed]),
                )
            ),
            Figure("writes that failed, in all these runs", "", (float(len(failed)),), 0.0),
        ),
    )


def _answers(seen: Followed) -> float:
    return percentile([(each.answered - each.sent) / 1e6 for each in seen.writes], 99)
