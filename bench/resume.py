"""How soon someone who was away for ten thousand changes has them all."""

from __future__ import annotations

import orjson

from bench.cpu import cpu_seconds
from bench.figure import Figure, Measured
from bench.fill import fill_log
from bench.job_resume import resume_together
from bench.samples import percentile
from bench.site import Site

__all__ = ["resume"]

_BACK, _RUNS, _CROWD = 10_000, 5, 10


async def resume(site: Site) -> Measured:
    """Measure a subscriber that resumes from 10,000 entries back, then ten of them at once."""
    database = site.database()
    replica = await site.replica(database)
    (person,) = await site.people(replica, 1)
    list_id = await person.make_list()
    todo = await person.add_todo(list_id)
    head = fill_log(site.postgresql, database, list_id, todo["todo"]["id"], _BACK)
    place = (replica.websocket, person.access_token, list_id, todo["epoch"], head)
    alone: list[float] = []
    used = []
    for _ in range(_RUNS):
        before = cpu_seconds(replica.process)
        alone += await site.load.run(resume_together, *place, back=_BACK, count=1)
        used.append(cpu_seconds(replica.process) - before)
    crowd = await site.load.run(resume_together, *place, back=_BACK, count=_CROWD)
    changes = await person.call("GET", f"/lists/{list_id}/changes", since=head - 1, limit=1)
    size = len(orjson.dumps(changes["changes"][0]))
    await replica.kill()
    return Measured(
        f"Resume: {_BACK:,} entries back",
        "One replica on PostgreSQL and Redis. From opening the connection (handshake, connect, "
        "subscribe with the old position) to the arrival of the last entry; each entry's offset is "
        f"checked to be exactly one higher than the one before. An entry is {size} bytes.",
        (
            Figure(f"one subscriber has all {_BACK:,}", "s", tuple(alone), 2.0),
            Figure("processor time of the replica for one", "s", tuple(used)),
            Figure(f"{_CROWD} at once, the median one", "s", (percentile(crowd, 50),)),
            Figure(f"{_CROWD} at once, the last one", "s", (max(crowd),)),
        ),
    )
