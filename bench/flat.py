"""Whether a write costs the same at the end of a long log as in an empty one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bench.cpu import cpu_seconds
from bench.figure import Figure, Measured
from bench.fill import fill_everything
from bench.job_write import write_http
from bench.samples import median
from bench.site import Site, open_site
from tests.servers.replica import Replica

__all__ = ["flat"]

_ENTRIES, _LISTS, _CLIENTS, _PEOPLE = 5_000_000, 50, 32, 4
_COUNT, _RUNS, _WITHIN_S = 2_500, 5, 6.0


@dataclass
class _Place:
    """Hold one of the two databases that take turns."""

    replica: Replica
    tokens: list[str]
    lists: list[str]
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


async def flat(_site: Site) -> Measured:
    """Measure writes on an almost empty database and on one of 5 million entries, in turns."""
    # A cluster of its own, in which filling a table in bulk is fast.
    async with open_site(wal_level="minimal", max_wal_senders="0") as site:
        empty, full = await _place(site), await _place(site, _ENTRIES)
        for _ in range(_RUNS):
            for place in (empty, full):
                await _run(site, place)
        for place in (empty, full):
            await place.replica.kill()
    rate = median(full.rates) / median(empty.rates)
    cost = median(full.cpu) / median(empty.cpu)
    return Measured(
        f"Flat: writes with {_ENTRIES:,} entries in the log",
        f"The same writes as above over HTTP, {_CLIENTS} clients on {_LISTS} lists, in turns on two"
        f" databases of one cluster: a new one, and one whose {_LISTS} lists have "
        f"{_ENTRIES // _LISTS:,} entries each, with as many operation ids. Processor time is that "
        "of the replica and of all of PostgreSQL.",
        (
            Figure("new database", "/s", tuple(empty.rates)),
            Figure("filled database", "/s", tuple(full.rates)),
            Figure("rate, filled to new", "", (rate,), 0.85, floor=True),
            Figure("new database: processor time a write", "µs", tuple(empty.cpu)),
            Figure("filled database: processor time a write", "µs", tuple(full.cpu)),
            Figure("processor time, filled to new", "", (cost,), 1.15),
        ),
    )


async def _place(site: Site, entries: int = 0) -> _Place:
    database = site.database()
    replica = await site.replica(database)
    people = await site.people(replica, _PEOPLE)
    lists = await site.shared_lists(people, _LISTS)
    # What a replica knows of a list from memory must not be changed under it.
    await replica.kill()
    if entries:
        await asyncio.to_thread(fill_everything, site.postgresql, database, lists, entries)
    await replica.launch()
    return _Place(replica, [person.access_token for person in people], lists)


async def _run(site: Site, place: _Place) -> None:
    servers = (place.replica.process, site.postgresql.process)
    before = sum(cpu_seconds(server) for server in servers)
    written = await site.load.run(
        write_http,
        place.replica.origin,
        place.tokens,
        place.lists,
        clients=_CLIENTS,
        count=_COUNT,
        within_s=_WITHIN_S,
    )
    used = sum(cpu_seconds(server) for server in servers) - before
    place.rates.append(written.rate)
    place.cpu.append(used * 1e6 / (len(written.latencies) + _COUNT // 10))
