"""How fast the graph follows the lists, how fast it answers, and what it costs the writes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from bench.background import Background
from bench.cores import processor_ns
from bench.figure import Figure, Measured
from bench.fill import fill_log
from bench.graph_site import LISTS, TODOS, GraphSite, open_graph_site
from bench.job_follow import Followed, follow
from bench.job_graph import ask_next
from bench.memory import resident_kib
from bench.samples import percentile
from bench.site import Site
from store.graph.rebuild import rebuild
from tests.servers.deadline import eventually
from tests.servers.worker import Worker

__all__ = ["graph"]

_REBUILDS, _QUESTIONS, _WARM_UP = 3, 200, 40
_RATE, _SECONDS, _TURNS = 100.0, 6.0, 7
_SETTLED = 300
_LOOK_S = 0.005
_WAITING = 100_000
_GOAL_RATE, _GOAL_LAG_MS, _GOAL_ANSWER_MS, _GOAL_KIB, _GOAL_WRITES = 2_000, 500, 50, 16_384, 1.2


@dataclass
class _Rebuilds:
    """Collect how fast generations were filled, and by whose processor time (µs an entry)."""

    rates: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    neo4j: list[float] = field(default_factory=list)


@dataclass
class _Asked:
    """Collect the seconds of each answer."""

    neo4j: tuple[float, ...] = ()
    alone: tuple[float, ...] = ()
    memory: tuple[float, ...] = ()
    processor_us: float = 0.0


@dataclass
class _Writes:
    """Collect the p99 (ms) of writes, a turn each: beside nothing, loops, and the projection.

    ``behind`` counts the entries that the projection had not taken in at the end of its turn.
    """

    quiet: list[float] = field(default_factory=list)
    loops: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)


async def graph(site: Site) -> Measured:
    """Measure the projection, the answers, and what both cost."""
    async with open_graph_site(site) as here:
        rebuilds = await _rebuild(here)
        asked = await _ask(here)
        worker = await here.worker()
        await _until_even(here)
        lag = await _lag(here)
        with Background.open(f"lockstep-bench-{os.getpid()}") as background:
            for pid in (here.neo4j.pid, worker.process.pid):
                background.add(pid)
            writes = await _writes(here, background)
        held, grown, back_s = await _away(here, worker)
        await worker.kill()
    return Measured(
        f"Graph: {LISTS} lists, {LISTS * TODOS:,} todos, {here.entries:,} entries",
        "Neo4j 5.26 and the worker run on the same cores as everything else. The projection is "
        "that of `lockstep graph rebuild`, up to the switch; the first of its runs meets a server "
        "that has compiled nothing yet. The questions are of one person who is in all lists, one "
        "after the other over HTTP; beside them the statements that Neo4j is asked alone. The lag "
        f"runs from the answer to a write ({_RATE:.0f} a second, {_SETTLED} come before) to the "
        "moment its offset is found in Neo4j by another connection, which looks every "
        f"{_LOOK_S * 1000:.0f} ms. Writes are measured in turns: while the worker has nothing to "
        "do, beside a loop on each core that does nothing, and while the worker fills an empty "
        f"generation; the loops, the worker and Neo4j at the lowest priority ({background.how}), "
        "so the loops are the least that any work costs there: a scheduler owes the lowest "
        "priority its share, too, and a write that meets it waits for a slice (up to 4 ms with "
        "250 ticks a second), or for two. Then Neo4j is killed, "
        f"{_WAITING:,} entries are added, and the worker is told of all the lists.",
        (
            Figure("projection", "entries/s", tuple(rebuilds.rates), _GOAL_RATE, floor=True),
            Figure("processor time of the projection an entry", "µs", tuple(rebuilds.ours)),
            Figure("processor time of Neo4j an entry", "µs", tuple(rebuilds.neo4j)),
            *_shares("recommendations from Neo4j", asked.neo4j, _GOAL_ANSWER_MS),
            *_shares("Neo4j's share of it", asked.alone),
            Figure("processor time of Neo4j an answer", "µs", (asked.processor_us,)),
            *_shares("recommendations from the graph in the process", asked.memory),
            *_shares("lag", lag, _GOAL_LAG_MS),
            Figure("writes, nothing to project, p99", "ms", tuple(writes.quiet)),
            Figure("writes, beside loops that do nothing, p99", "ms", tuple(writes.loops)),
            Figure("writes, the projection catching up, p99", "ms", tuple(writes.busy)),
            Figure("the loops to nothing", "x", _ratio(writes.loops, writes.quiet)),
            Figure(
                "the projection to nothing", "x", _ratio(writes.busy, writes.quiet), _GOAL_WRITES
            ),
            Figure("the projection to the loops", "x", _ratio(writes.busy, writes.loops)),
            Figure("entries still to project after those writes", "", tuple(writes.behind)),
            Figure("memory of the worker", "KiB", (held,)),
            Figure(f"grown while {_WAITING:,} entries wait", "KiB", (grown,), _GOAL_KIB),
            Figure("until all of them are in", "s", (back_s,)),
        ),
    )


def _shares(name: str, seconds: tuple[float, ...], goal_ms: float | None = None) -> list[Figure]:
    return [
        Figure(f"{name}, p50", "ms", (percentile(seconds, 50) * 1000,)),
        Figure(f"{name}, p99", "ms", (percentile(seconds, 99) * 1000,), goal_ms),
    ]


def _ratio(late: list[float], base: list[float]) -> tuple[float, ...]:
    return tuple(one / other for one, other in zip(late, base, strict=True))


async def _rebuild(here: GraphSite) -> _Rebuilds:
    found = _Rebuilds()
    for _ in range(_REBUILDS):
        over: list[tuple[float, float, int]] = []

        def told(
            what: str, _done: int, _total: int, over: list[tuple[float, float, int]] = over
        ) -> None:
            if what != "lists" and not over:
                over.append(
                    (time.perf_counter(), time.process_time(), processor_ns(here.neo4j.pid))
                )

        began = time.perf_counter(), time.process_time(), processor_ns(here.neo4j.pid)
        made = await rebuild(here.source, here.graph, told)
        assert made.entries == here.entries, (made, here.entries)
        ended = over[0]
        found.rates.append(made.entries / (ended[0] - began[0]))
        found.ours.append((ended[1] - began[1]) * 1e6 / made.entries)
        found.neo4j.append((ended[2] - began[2]) / 1e3 / made.entries)
    return found


async def _ask(here: GraphSite) -> _Asked:
    owner, replica = here.owner, here.replica
    ask = here.site.load.run
    found = _Asked()
    await ask(ask_next, replica.origin, owner.access_token, _WARM_UP)
    found.neo4j = await ask(ask_next, replica.origin, owner.access_token, _QUESTIONS)
    took = []
    before = processor_ns(here.neo4j.pid)
    for _ in range(_QUESTIONS):
        began = time.perf_counter()
        await here.graph.recommend(owner.username, int(time.time() * 1000), 40)
        took.append(time.perf_counter() - began)
    found.alone = tuple(took)
    found.processor_us = (processor_ns(here.neo4j.pid) - before) / 1e3 / _QUESTIONS
    other = await here.site.replica(here.database)
    await ask(ask_next, other.origin, owner.access_token, 2)
    found.memory = await ask(ask_next, other.origin, owner.access_token, _QUESTIONS)
    await other.kill()
    return found


async def _write(here: GraphSite, warm_up: int = 50) -> Followed:
    writers = [(here.replica.origin, here.owner.access_token, one) for one in here.lists]
    written = await here.site.load.run(
        follow, [], writers, rate=_RATE, seconds=_SECONDS, warm_up=warm_up
    )
    assert not written.failed, written.failed[0]
    return written


async def _until_even(here: GraphSite) -> float:
    """Wait until every list is in up to its head; give the seconds."""
    began = time.perf_counter()
    heads = dict(await here.source.heads(None, 10_000))
    generation = await here.graph.generation(here.source.epoch)

    async def even() -> bool:
        return await here.graph.watermarks(generation, heads) == heads

    await eventually(even, "the graph has caught up", within_s=120)
    return time.perf_counter() - began


async def _lag(here: GraphSite) -> tuple[float, ...]:
    generation = await here.graph.generation(here.source.epoch)
    lists = [UUID(one) for one in here.lists]
    seen: list[tuple[int, Mapping[UUID, int]]] = []
    over = asyncio.Event()

    async def look() -> None:
        while not over.is_set():
            found = await here.graph.watermarks(generation, lists)
            seen.append((time.time_ns(), found))
            await asyncio.sleep(_LOOK_S)

    looking = asyncio.create_task(look())
    written = await _write(here, _SETTLED)
    await _until_even(here)
    await asyncio.sleep(2 * _LOOK_S)
    over.set()
    await looking
    lags = []
    for write in written.writes:
        list_id = UUID(write.list_id)
        when = next(at for at, found in seen if found.get(list_id, 0) >= write.offset)
        lags.append(max(0, when - write.answered) / 1e9)
    return tuple(lags)


async def _writes(here: GraphSite, background: Background) -> _Writes:
    """Write in turns: beside nothing, beside loops, and beside all of the projection."""

    async def late() -> float:
        written = await _write(here)
        return percentile([(one.answered - one.sent) / 1e6 for one in written.writes], 99)

    found = _Writes()
    for _ in range(_TURNS):
        found.quiet.append(await late())
        with background.loops():
            found.loops.append(await late())
        generation = await here.graph.begin(here.source.epoch)
        await here.graph.switch(generation)
        found.busy.append(await late())
        heads = await here.source.heads(None, 10_000)
        held = await here.graph.watermarks(generation, [one for one, _ in heads])
        found.behind.append(float(sum(head - held.get(one, 0) for one, head in heads)))
        await _until_even(here)
    return found


async def _away(here: GraphSite, worker: Worker) -> tuple[float, float, float]:
    """Give what the worker holds (KiB), what more of it when much waits, and the time to catch up.

    What a replica knows of a list from memory must not be changed under it: it starts anew.
    """
    pid = worker.process.pid
    before = resident_kib(pid)
    assert here.neo4j.process is not None
    await asyncio.to_thread(here.neo4j.process.kill)
    await here.replica.kill()
    for list_id in here.lists:
        await asyncio.to_thread(
            fill_log, here.site.postgresql, here.database, list_id, _todo(here, list_id),
            _WAITING // LISTS,
        )  # fmt: skip
    await here.replica.launch()
    await _write(here)
    grown = resident_kib(pid) - before
    here.neo4j.launch(here.site.run)
    await asyncio.to_thread(here.neo4j.wait_until_ready)
    return float(before), float(grown), await _until_even(here)


def _todo(here: GraphSite, list_id: str) -> str:
    statement = f"SELECT id FROM todos WHERE list_id = '{list_id}' LIMIT 1"
    return here.site.postgresql.sql(statement, database=here.database)[0]
