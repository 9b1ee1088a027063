"""Neo4j, Redis or a worker goes away: nothing is lost, nobody waits, and it comes right again."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

import pytest

from tests.graph_service.conftest import StartService
from tests.graph_service.graph_service import SOON_S, GraphService, next_titles
from tests.servers.deadline import eventually
from tests.servers.neo4j import Neo4jServer
from tests.servers.person import Person
from tests.servers.redis import RedisServer
from tests.servers.run import Run

# A write takes some 10 ms. One that waited for Neo4j would take 8 s.
_WRITES, _WRITES_WITHIN_S = 40, 60.0
_MIB = 2**20

_BUILDING = """
MATCH (p:Projection {key: $key})
RETURN p.builder IS NOT NULL AS building
"""


async def _asked(person: Person, path: str, **params: Any) -> tuple[int, Any]:
    answer = await person.answer("GET", path, **params)
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) >= 1
    return answer.status_code, answer.json()


async def _status(person: Person, path: str, **params: Any) -> int:
    return (await person.answer("GET", path, **params)).status_code


async def _even(service: GraphService) -> None:
    await service.until_even()
    status, said = await service.administer("graph", "check", "--dry-run")
    assert status == 0, said


async def test_while_neo4j_is_away_writes_go_on_and_then_it_catches_up(
    start_service: StartService, own_neo4j: Neo4jServer, own_redis: RedisServer, run: Run
) -> None:
    """Frozen, then killed: answers are refused or stale, never someone else's; nothing is lost."""
    service = await start_service(
        own_neo4j,
        REDIS_URL=own_redis.url(),
        GRAPH_FAILURES="2",
        GRAPH_PAUSE_S="1",
        GRAPH_ANSWER_S="8",
    )
    ann, bob = await service.people("ann", "bob")
    list_id = await ann.make_list()
    await ann.share(list_id, bob)
    foot = (await ann.add_todo(list_id, "foot"))["todo"]["id"]
    top = (await ann.add_todo(list_id, "top"))["todo"]["id"]
    await ann.call("PUT", f"/todos/{top}/blocked_by/{foot}")
    await service.until_even()
    for person in (ann, bob):
        assert await next_titles(person) == ["foot"]
        assert (await _asked(person, f"/lists/{list_id}/graph"))[1]["stale"] is False
    process = own_neo4j.process
    assert process is not None

    for hurt in (process.pause, process.kill):
        hurt()
        began = time.monotonic()
        for number in range(_WRITES):
            person = (ann, bob)[number % 2]
            await person.add_todo(await person.make_list(), f"while away {number}")
        assert time.monotonic() - began < _WRITES_WITHIN_S
        # What was answered before is answered again; what was not is refused.
        assert (await _asked(ann, f"/lists/{list_id}/graph"))[1]["stale"] is True
        status, refused = await _asked(ann, f"/todos/{foot}/impact")
        assert (status, refused["code"]) == (503, "graph_unavailable")
        status, refused = await _asked(ann, f"/lists/{list_id}/graph", min_offset=1)
        assert (status, refused["code"]) == (503, "graph_unavailable")
        if hurt == process.pause:
            assert (await _asked(bob, "/recommendations", limit=100))[1]["stale"] is True
            await ann.call("DELETE", f"/lists/{list_id}/members/{bob.username}")
        # Who was removed meanwhile gets nothing, stale or not.
        assert (await _asked(bob, f"/lists/{list_id}/graph"))[0] == 404
        assert (await _asked(bob, f"/todos/{foot}/impact"))[0] == 404
        status, said = await _asked(bob, "/recommendations", limit=100)
        assert (status, said["stale"], said["items"]) == (200, True, [])

    held = [worker.resident_bytes for worker in service.workers]
    for _ in range(30):
        await ann.add_todos(list_id, 100)
        await bob.add_todos(await bob.make_list(), 20)
    for worker, before in zip(service.workers, held, strict=True):
        assert worker.resident_bytes - before < 32 * _MIB

    own_neo4j.launch(run)
    await asyncio.to_thread(own_neo4j.wait_until_ready)
    await _even(service)

    async def fresh() -> bool:
        status, said = await _asked(bob, f"/lists/{list_id}/graph")
        assert status == 404
        status, said = await _asked(ann, f"/lists/{list_id}/graph")
        return status == 200 and not said["stale"]

    await eventually(fresh, "questions are answered again", within_s=SOON_S)
    assert await service.held() == await service.truth()
    assert ann.at.log_path is not None
    said = ann.at.log_path.read_text()
    assert 0 < said.count("graph_away") == said.count("graph_back")


async def test_what_a_killed_worker_leaves_another_takes_over(
    start_service: StartService, neo4j_server: Neo4jServer, own_redis: RedisServer
) -> None:
    """In the middle of thousands of entries; in the end it is what a rebuild makes of it."""
    service = await start_service(neo4j_server, workers=0, REDIS_URL=own_redis.url())
    (ann,) = await service.people("ann")
    lists = [await ann.make_list(f"list {number}") for number in range(24)]
    for list_id in lists:
        await ann.add_todos(list_id, 200)
    await service.start(replicas=0, workers=2)
    await eventually(
        lambda: any(service.watermarks().values()), "a worker has begun", within_s=SOON_S
    )
    await service.workers[0].kill()
    # Some of these are the dead one's for as long as its leases hold.
    for list_id in lists:
        made = await ann.add_todo(list_id, "after its death")
        await ann.call("PUT", f"/todos/{made['todo']['id']}/labels/late")
    await service.until_even()

    held = await service.held()
    assert held == await service.truth()
    status, said = await service.administer("graph", "rebuild")
    assert status == 0, said
    assert await service.held() == held
    assert await service.workers[1].stop() == 0


@pytest.mark.timeout(600)
async def test_workers_killed_again_and_again_leave_nothing_half_done(
    start_service: StartService, own_neo4j: Neo4jServer, own_redis: RedisServer
) -> None:
    """While people write, one is frozen beyond its leases, and Neo4j stands still in between."""
    service = await start_service(
        own_neo4j, replicas=1, REDIS_URL=own_redis.url(), GRAPH_PAUSE_S="1"
    )
    (ann,) = await service.people("ann")
    lists = [await ann.make_list(f"list {number}") for number in range(6)]
    over = asyncio.Event()
    written = 0

    async def write() -> None:
        nonlocal written
        last: dict[str, str] = {}
        while not over.is_set():
            list_id = lists[written % len(lists)]
            made = (await ann.add_todo(list_id, f"todo {written}"))["todo"]["id"]
            if list_id in last:
                await ann.call("PUT", f"/todos/{made}/blocked_by/{last[list_id]}")
                await ann.call("PATCH", f"/todos/{last[list_id]}", {"completed": written % 3 == 0})
            last[list_id] = made
            written += 1
            if written % 10 == 0:
                await ann.add_todos(list_id, 100)

    def moved(before: int) -> bool:
        return sum(service.watermarks().values()) > before

    process = own_neo4j.process
    assert process is not None
    frozen = service.workers[0]
    frozen.process.pause()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        try:
            for round_ in range(4):
                before = sum(service.watermarks().values()) + 20 * round_
                # What the frozen one had begun holds its locks until Neo4j's bound of 60 s.
                await eventually(partial(moved, before), "the graph moves", within_s=3 * SOON_S)
                await service.workers.pop().kill()
                if round_ % 2:
                    process.pause()
                await service.start(replicas=0, workers=1)
                process.resume()
            frozen.process.resume()
        finally:
            over.set()
    await _even(service)
    assert await service.held() == await service.truth()
    for worker in service.workers:
        said = worker.process.log()
        assert "projection_failed" not in said
        assert "list_not_projected" not in said


async def test_a_neo4j_that_comes_back_empty_is_filled_again(
    start_service: StartService, own_neo4j: Neo4jServer, run: Run
) -> None:
    """By workers that remember what it held, also with lists that nobody writes to."""
    service = await start_service(own_neo4j, workers=2, GRAPH_PAUSE_S="1")
    (ann,) = await service.people("ann")
    lists = [await ann.make_list(f"list {number}") for number in range(12)]
    for list_id in lists:
        await ann.add_todo(list_id, "left alone")
    await service.until_even()
    process = own_neo4j.process
    assert process is not None

    for _ in range(2):
        process.kill()
        await asyncio.to_thread(own_neo4j.empty)
        own_neo4j.launch(run)
        await asyncio.to_thread(own_neo4j.wait_until_ready)
        assert process is not own_neo4j.process
        process = own_neo4j.process
        assert process is not None
        await _even(service)
        assert await service.held() == await service.truth()
        names = {row["name"] for row in own_neo4j.query("SHOW CONSTRAINTS YIELD name")}
        assert len([name for name in names if name.startswith("lockstep_")]) == 7

    async def answered() -> bool:
        status, said = await _asked(ann, "/recommendations", limit=100)
        return status == 200 and not said["stale"] and len(said["items"]) == 12

    await eventually(answered, "questions are answered again", within_s=SOON_S)


async def test_a_dry_check_of_an_empty_graph_says_so_and_leaves_it_empty(
    start_service: StartService, neo4j_server: Neo4jServer
) -> None:
    """No worker runs: it is the operator's to start one, or to check without --dry-run."""
    service = await start_service(neo4j_server, replicas=1, workers=0)
    (ann,) = await service.people("ann")
    list_id = await ann.make_list()
    await ann.add_todos(list_id, 20)
    status, said = await service.administer("graph", "check", "--dry-run")
    assert status == 1, said
    assert f"{list_id}: not in the graph" in said
    found = neo4j_server.query("MATCH (p:Projection {key: $key}) RETURN p", key=service.graph)
    assert found == []
    status, said = await service.administer("graph", "check")
    assert status == 0, said
    assert await service.held() == await service.truth()
    await _even(service)


async def test_of_two_rebuilds_at_once_one_is_refused_and_one_killed_is_no_obstacle(
    start_service: StartService, neo4j_server: Neo4jServer
) -> None:
    """Neither goes on for ever; the one after a kill waits until the dead one's lease is over."""
    service = await start_service(neo4j_server, replicas=1, workers=0)
    (ann,) = await service.people("ann")
    for number in range(3):
        await ann.add_todos(await ann.make_list(f"list {number}"), 1_000)

    answers = await asyncio.gather(*(service.administer("graph", "rebuild") for _ in range(2)))
    # Where one is done before the other begins, both are right.
    assert [status for status, _ in sorted(answers)] in ([0, 1], [0, 0]), answers
    assert all("Another rebuild" in said for status, said in answers if status), answers
    assert await service.held() == await service.truth()

    async with service.begun("graph", "rebuild") as process:

        def building() -> bool:
            found = neo4j_server.query(_BUILDING, key=service.graph)
            return bool(found[0]["building"])

        await eventually(building, "a rebuild has begun", within_s=SOON_S)
        process.kill()
        await process.wait()
    status, said = await service.administer("graph", "rebuild")
    assert status == 0, said
    assert await service.held() == await service.truth()
    left = neo4j_server.query(
        "MATCH (g:Generation) WHERE g.name = $key RETURN count(*) AS count", key=service.graph
    )
    assert left == [{"count": 1}]


async def test_one_person_s_flood_of_questions_leaves_others_theirs(
    start_service: StartService, neo4j_server: Neo4jServer
) -> None:
    """All at once: some are answered, some refused, and Neo4j is not taken for away by anyone."""
    service = await start_service(neo4j_server, replicas=1, workers=1, GRAPH_FAILURES="1")
    ann, bob = await service.people("ann", "bob")
    list_id = await ann.make_list()
    for _ in range(3):
        await ann.add_todos(list_id, 500)
    await bob.add_todo(await bob.make_list(), "bob's own")
    await service.until_even()
    assert await next_titles(bob) == ["bob's own"]

    flood = [
        asyncio.create_task(_status(ann, "/people/suggestions", list=list_id, limit=1 + n % 30))
        for n in range(60)
    ]
    answered = 0
    while not all(one.done() for one in flood) or not answered:
        status, said = await _asked(bob, "/recommendations", limit=100)
        assert (status, said["stale"], len(said["items"])) == (200, False, 1)
        answered += 1
    statuses = await asyncio.gather(*flood)
    assert set(statuses) <= {200, 429}
    assert 200 in statuses
    status, said = await _asked(ann, f"/lists/{list_id}/graph", min_offset=10**9)
    assert (status, said["code"]) == (503, "graph_unavailable")
    assert "no entry" in said["detail"]


async def test_without_redis_the_sweep_keeps_the_graph_up(
    start_service: StartService, neo4j_server: Neo4jServer
) -> None:
    """Nobody tells the workers; they look by themselves."""
    service = await start_service(neo4j_server)
    (ann,) = await service.people("ann")
    list_id = await ann.make_list()
    for number in range(3):
        made = await ann.add_todo(list_id, f"unheard of {number}")

        async def reached(offset: int = made["offset"]) -> bool:
            answer = await ann.answer("GET", f"/lists/{list_id}/graph", min_offset=offset)
            return answer.status_code == 200

        await eventually(reached, "a sweep has found it", within_s=SOON_S)
        assert len(await next_titles(ann)) == number + 1
    for worker in service.workers:
        assert await worker.stop() == 0
        said = worker.process.log()
        assert "Traceback" not in said
        assert "projection_failed" not in said


async def test_a_wrong_password_is_named_to_the_operator(
    start_service: StartService, run: Run
) -> None:
    """Whoever mends the graph reads which settings to look at, not that it is asked again soon."""
    server = await asyncio.to_thread(Neo4jServer.start, run, "the right one")
    try:
        service = await start_service(
            server, replicas=0, workers=0, NEO4J_USER="neo4j", NEO4J_PASSWORD="another"
        )
        for words in (("check", "--dry-run"), ("rebuild",)):
            status, said = await service.administer("graph", *words)
            assert status == 1, said
            assert "LOCKSTEP_NEO4J_USER" in said
            assert "LOCKSTEP_NEO4J_PASSWORD" in said
            assert "another" not in said
    finally:
        server.remove()
