"""The graph is empty, or of a lost history: nobody is told what is not so."""

from __future__ import annotations

from typing import Any

from tests.graph_service.conftest import StartService
from tests.graph_service.graph_service import SOON_S, GraphService, next_titles
from tests.servers.deadline import eventually
from tests.servers.neo4j import Neo4jServer
from tests.servers.person import Person
from tests.servers.postgresql import PostgreSQL

_FORGET = "MATCH (p:Projection {key: $graph}) DETACH DELETE p"


async def _until(person: Person, path: str, status: int, *, stale: bool | None = None) -> Any:
    """Ask until it is answered like that; give the answer."""

    async def asked() -> Any:
        answer = await person.answer("GET", path)
        said = answer.json()
        return said if (answer.status_code, said.get("stale")) == (status, stale) else None

    return await eventually(asked, f"{path}: {status}, stale {stale}", within_s=SOON_S)


async def _end(service: GraphService) -> None:
    await service.close()
    service.replicas.clear()
    service.workers.clear()


async def test_while_nobody_fills_an_empty_graph_nobody_hears_that_there_is_nothing_to_do(
    start_service: StartService, neo4j_server: Neo4jServer
) -> None:
    """What was said before, marked, or a refusal; and all of it once a worker has filled it."""
    service = await start_service(neo4j_server, replicas=1, workers=1)
    ann, bob = await service.people("ann", "bob")
    list_id = await ann.make_list()
    await ann.share(list_id, bob)
    foot = (await ann.add_todo(list_id, "foot"))["todo"]["id"]
    top = (await ann.add_todo(list_id, "top"))["todo"]["id"]
    await ann.call("PUT", f"/todos/{top}/blocked_by/{foot}")
    await service.until_even()
    about = ("/recommendations", f"/lists/{list_id}/graph", f"/todos/{foot}/impact")
    before = [await _until(ann, path, 200, stale=False) for path in about]
    await service.workers[0].kill()

    neo4j_server.query(_FORGET, graph=service.graph)

    for path, said in zip(about, before, strict=True):
        assert await _until(ann, path, 200, stale=True) == {**said, "stale": True}
        refused = await _until(bob, path, 503)
        assert refused["code"] == "graph_unavailable"
    await service.start(replicas=0, workers=1)
    for person in (ann, bob):
        for path in about:
            await _until(person, path, 200, stale=False)
    assert await next_titles(bob) == ["foot"]


async def test_a_restored_backup_is_not_explained_by_what_came_after_it(
    start_service: StartService, neo4j_server: Neo4jServer, postgresql: PostgreSQL
) -> None:
    """The graph of the lost history answers nothing; that of the new one does, from a worker on."""
    service = await start_service(neo4j_server, replicas=1, workers=1)
    (ann,) = await service.people("ann")
    list_id = await ann.make_list()
    foot = (await ann.add_todo(list_id, "foot"))["todo"]["id"]
    await service.until_even()
    await _end(service)
    backup = postgresql.create_database(template=service.database_url.rpartition("/")[2])
    try:
        await service.start(replicas=1, workers=1)
        ann.at = service.replicas[0]
        for number in range(5):
            made = await ann.add_todo(list_id, f"lost {number}")
            await ann.call("PUT", f"/todos/{made['todo']['id']}/blocked_by/{foot}")
        lost = (await service.until_even())[list_id]
        await _end(service)

        postgresql.sql("UPDATE epochs SET epoch = 'restored'", database=backup)
        service.database_url = service.settings["DATABASE_URL"] = postgresql.url(backup)
        await service.start(replicas=1, workers=0)
        ann.at = service.replicas[0]
        for path in ("/recommendations", f"/lists/{list_id}/graph", f"/todos/{foot}/impact"):
            await _until(ann, path, 503)
        answer = await ann.answer("GET", f"/lists/{list_id}/graph", min_offset=lost)
        assert answer.status_code == 503, answer.text

        await service.start(replicas=0, workers=1)
        heads = await service.until_even()
        assert heads[list_id] < lost
        drawn = await _until(ann, f"/lists/{list_id}/graph", 200, stale=False)
        assert (drawn["epoch"], drawn["offset"]) == ("restored", heads[list_id])
        assert await next_titles(ann) == ["foot"]
        assert await service.held() == await service.truth()
        status, said = await service.administer("graph", "check", "--dry-run")
        assert status == 0, said
    finally:
        await _end(service)
        postgresql.drop_database(backup)
