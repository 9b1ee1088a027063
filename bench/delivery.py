"""How soon a change is on every screen: one replica, fifty sockets on one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench.figure import Figure, Measured
from bench.job_follow import Followed, Socket, follow
from bench.samples import percentile
from bench.site import Site

__all__ = ["delivery", "since", "spread"]

_SOCKETS, _RATE, _SECONDS, _RUNS = 50, 50.0, 6.0, 3


async def delivery(site: Site) -> Measured:
    """Measure commit-to-delivery with 50 sockets on one list and 50 writes a second."""
    database = site.database()
    replica = await site.replica(database)
    people = await site.people(replica, 5)
    runs, used, joined = [], [], []
    pid = None if replica.process is None else replica.process.pid
    for _ in range(_RUNS):
        (list_id,) = await site.shared_lists(people, 1)
        sockets = [
            Socket(replica.websocket, people[number % len(people)].access_token, list_id)
            for number in range(_SOCKETS)
        ]
        writers = [(replica.origin, person.access_token, list_id) for person in people]
        seen = await site.load.run(
            follow, sockets, writers, rate=_RATE, seconds=_SECONDS, warm_up=10, watched=pid
        )
        deliveries = sum(len(got) for got in seen.received)
        used.append(seen.delivering_cpu * 1e6 / deliveries)
        joined.append(seen.joining_cpu * 1e3 / _SOCKETS)
        flushed = {
            (list_id, offset): stamp
            for offset, stamp in site.commit_times(database, list_id).items()
        }
        runs.append((seen, replica.stamps(), flushed))
    await replica.kill()
    return Measured(
        f"Delivery: {_SOCKETS} sockets on one list, {_RATE:.0f} writes a second",
        "One replica on PostgreSQL and Redis; writes over HTTP. Commit-to-delivery runs from "
        "the moment COMMIT returned to the replica to the arrival of the bytes at each socket's "
        "client, in another process. Beside it: the same from PostgreSQL's own time of the commit, "
        "taken just before it is forced to disk, and from the writing client's sending of the "
        "request. Processor time per delivery holds the replica's share of the writes; a "
        "socket joins with handshake, connect and subscribe. Every socket got all, in order.",
        (
            *spread(
                "commit to delivery",
                [since(seen, returned) for seen, returned, _ in runs],
                p50=3,
                p99=15,
            ),
            *spread("disk flush begun to delivery", [since(seen, at) for seen, _, at in runs]),
            *spread(
                "request sent to delivery",
                [since(seen, {each.key: each.sent for each in seen.writes}) for seen, *_ in runs],
            ),
            *spread(
                "request sent to its answer",
                [[(each.answered - each.sent) / 1e6 for each in seen.writes] for seen, *_ in runs],
            ),
            Figure("processor time of the replica per delivery", "µs", tuple(used)),
            Figure("processor time of the replica per socket that joins", "ms", tuple(joined)),
        ),
    )


def spread(
    name: str, runs: list[list[float]], *, p50: float | None = None, p99: float | None = None
) -> Iterable[Figure]:
    """Give p50, p95, p99 and the maximum of samples in milliseconds, run by run."""
    for share, goal in ((50.0, p50), (95.0, None), (99.0, p99), (100.0, None)):
        label = "max" if share == 100.0 else f"p{share:.0f}"
        values = tuple(percentile(samples, share) for samples in runs)
        yield Figure(f"{name}, {label}", "ms", values, goal)


def since(seen: Followed, times: Mapping[tuple[str, int], int]) -> list[float]:
    """Give the milliseconds from ``times`` to each delivery of what was written in the run.

    Raises AssertionError when ``times`` lacks more than the few first writes of each list, which
    may go another way.
    """
    written = {each.key for each in seen.writes}
    known = written & times.keys()
    assert len(written) - len(known) <= 3 * len(set(seen.lists)), "the commits were not noted"
    return [
        (received - times[list_id, offset]) / 1e6
        for list_id, got in zip(seen.lists, seen.received, strict=True)
        for offset, received in got.items()
        if (list_id, offset) in known
    ]
