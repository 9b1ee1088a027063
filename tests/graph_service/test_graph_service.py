"""Two replicas and two workers keep one graph, and answer from it."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.graph_service.graph_service import SOON_S, GraphService, next_titles
from tests.servers.deadline import eventually
from tests.servers.person import Person

# What a statement or a pattern would be in Cypher, and in other hands.
_HOSTILE = (
    "`}) DETACH DELETE (n) //",
    "'}) MATCH (n) DETACH DELETE n //",
    '"}) RETURN 1; DROP CONSTRAINT user_key; //',
    "\\u0027 OR 1=1 --",
    "$asker $graph {key: $user} :Todo|BLOCKED_BY*",
    "${jndi:ldap://127.0.0.1/a} %s %(x)s {0}",
    "*/ CALL dbms.shutdown() /*",
)


async def test_what_is_written_at_one_replica_is_recommended_at_the_other(
    service: GraphService,
) -> None:
    """Within moments, and gone again when it is done."""
    (ann,) = await service.people("ann")
    list_id = await ann.make_list()
    made = await ann.add_todo(list_id, "told to one, known to the other")
    ann.at = service.replicas[1]

    async def recommended() -> bool:
        # 503 while what is missing is missing for long, as from a worker that only just began.
        answer = await ann.answer("GET", "/recommendations")
        assert answer.status_code in {200, 503}, answer.text
        titles = [item["todo"]["title"] for item in answer.json().get("items", ())]
        return titles == ["told to one, known to the other"]

    await eventually(recommended, "it is recommended", within_s=SOON_S)
    await ann.call("PATCH", f"/todos/{made['todo']['id']}", {"completed": True})
    assert await next_titles(ann) == []


async def test_one_s_own_write_is_seen_by_who_asks_for_its_offset(service: GraphService) -> None:
    """At the other replica too: ``min_offset`` waits for the graph."""
    (ann,) = await service.people("ann")
    list_id = await ann.make_list()
    foot = (await ann.add_todo(list_id, "foot"))["todo"]["id"]
    ann.at = service.replicas[1]

    async def seen(path: str, offset: int) -> Any:
        """Ask again when the graph was slower than a question waits."""
        answer = await ann.answer("GET", path, min_offset=offset)
        if answer.status_code == 503:
            assert answer.json()["code"] == "graph_unavailable"
            assert int(answer.headers["Retry-After"]) >= 1
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    for number in range(5):
        top = (await ann.add_todo(list_id, f"top {number}"))["todo"]["id"]
        wrote = await ann.call("PUT", f"/todos/{top}/blocked_by/{foot}")
        graph = await eventually(
            lambda offset=wrote["offset"]: seen(f"/lists/{list_id}/graph", offset),  # type: ignore[misc]
            "the write is in the graph",
            within_s=SOON_S,
        )
        assert graph["offset"] >= wrote["offset"]
        assert {"from": top, "to": foot} in graph["edges"]
        assert len(graph["edges"]) == number + 1


async def test_what_looks_like_a_query_is_a_text(service: GraphService) -> None:
    """Quotes, backticks, parameters and comments come back literally, and nothing is lost."""
    ann, bob = await service.people("ann", "bob")
    list_id = await ann.make_list(_HOSTILE[0])
    await ann.share(list_id, bob)
    foot = (await ann.add_todo(list_id, "foot"))["todo"]["id"]
    offset = 0
    for text in _HOSTILE:
        todo = {"title": text, "labels": [text[:50]], "blocked_by": [foot], "notes": text}
        made = await ann.call("POST", f"/lists/{list_id}/todos", todo)
        offset = made["offset"]
    await service.until_even()

    graph = await ann.call("GET", f"/lists/{list_id}/graph", min_offset=offset)
    assert {node["title"] for node in graph["nodes"]} == {"foot", *_HOSTILE}
    for text in _HOSTILE:
        found = await ann.call("GET", f"/lists/{list_id}/suggestions", title=text)
        assert text[:50] in [one["label"] for one in found["labels"]], text
    (first,) = (await ann.call("GET", "/recommendations"))["items"]
    assert first["todo"]["id"] == foot
    impact = await ann.call("GET", f"/todos/{foot}/impact")
    assert {one["todo"]["title"] for one in impact["waiting"]} == set(_HOSTILE)
    # As a name, each is refused or nobody's.
    for text in _HOSTILE:
        body = {"username": text, "password": "a long enough pass phrase"}
        refused = await ann.answer("POST", "/auth/register", body)
        assert refused.status_code == 422, refused.text
        unknown = await ann.answer("GET", "/people/suggestions", list=text)
        assert unknown.status_code in (404, 422), unknown.text
    people = await ann.call("GET", "/people/suggestions", list=list_id)
    assert {one["username"] for one in people["assign"]} <= {ann.username, bob.username}
    assert await service.held() == await service.truth()


async def test_of_two_writes_that_close_a_circle_at_two_replicas_one_wins(
    service: GraphService,
) -> None:
    """PostgreSQL decides: 409 with the path for the other, and the graph never has a circle."""
    ann, bob = await service.people("ann", "bob")
    list_id = await ann.make_list()
    await ann.share(list_id, bob)

    async def todo(name: str) -> str:
        return str((await ann.add_todo(list_id, name))["todo"]["id"])

    for turn in range(5):
        one, other = await todo(f"one {turn}"), await todo(f"other {turn}")
        answers = await asyncio.gather(
            ann.answer("PUT", f"/todos/{one}/blocked_by/{other}"),
            bob.answer("PUT", f"/todos/{other}/blocked_by/{one}"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        (refused,) = [answer.json() for answer in answers if answer.is_error]
        assert refused["code"] == "cycle"
        assert set(refused["path"]) == {one, other}
    alone = await todo("alone")
    itself = await ann.answer("PUT", f"/todos/{alone}/blocked_by/{alone}")
    assert (itself.status_code, itself.json()["code"]) == (409, "cycle")
    await service.until_even()
    graph = await ann.call("GET", f"/lists/{list_id}/graph")
    assert len(graph["edges"]) == 5


async def test_a_dependency_across_lists_is_refused_by_what_one_may_see(
    service: GraphService,
) -> None:
    """422 where both todos are mine to see; else what a random id gets."""
    ann, bob = await service.people("ann", "bob")

    async def todo(person: Person) -> str:
        return str((await person.add_todo(await person.make_list()))["todo"]["id"])

    mine, also_mine, not_mine = await todo(ann), await todo(ann), await todo(bob)
    across = await ann.answer("PUT", f"/todos/{mine}/blocked_by/{also_mine}")
    assert across.status_code == 422, across.text
    assert "another list" in across.text
    hidden = await ann.answer("PUT", f"/todos/{mine}/blocked_by/{not_mine}")
    random = await ann.answer(
        "PUT", f"/todos/{mine}/blocked_by/{'0' * 8}-0000-7000-8000-{'0' * 12}"
    )
    assert hidden.status_code == random.status_code == 404
    assert hidden.json()["detail"] == random.json()["detail"]


async def test_a_rebuild_while_lists_are_written_to_loses_nothing(service: GraphService) -> None:
    """Questions are answered throughout; then the graph is what the database says."""
    ann, bob = await service.people("ann", "bob")
    list_id = await ann.make_list()
    await ann.add_todos(list_id, 300)
    await service.until_even()
    rebuilding = asyncio.create_task(service.administer("graph", "rebuild"))
    written = 0
    while not rebuilding.done():
        await ann.add_todo(list_id, f"meanwhile {written}")
        assert len(await next_titles(ann)) == 100
        written += 1
        other = await bob.make_list(f"list {written}")
        await bob.add_todo(other, "another")
    status, said = await rebuilding
    assert status == 0, said
    assert "Generation" in said
    assert "Removed 1 old." in said
    assert written
    await service.until_even()
    status, said = await service.administer("graph", "check", "--dry-run")
    assert status == 0, said
    assert ", 0 differ." in said
    assert await service.held() == await service.truth()


async def test_a_check_finds_and_mends_what_was_tampered_with(service: GraphService) -> None:
    """Dry: status 1 and the list's name; then mended, and all is even."""
    (ann,) = await service.people("ann")
    list_id = await ann.make_list()
    made = await ann.add_todo(list_id, "genuine")
    await ann.add_todo(list_id, "another")
    await service.until_even()
    service.neo4j.query(
        "MATCH (t:Todo {id: $id}) SET t.title = 'forged', t.completed = 1", id=made["todo"]["id"]
    )
    status, said = await service.administer("graph", "check", "--dry-run")
    assert status == 1, said
    assert f"{list_id}: 2 todos in the database, 2 todos in the graph" in said
    status, said = await service.administer("graph", "check")
    assert status == 0, said
    assert ", 1 were mended." in said
    status, said = await service.administer("graph", "check", "--dry-run")
    assert status == 0, said
    assert await service.held() == await service.truth()
    assert set(await next_titles(ann)) == {"genuine", "another"}


async def test_without_neo4j_there_is_nothing_to_build_or_check(service: GraphService) -> None:
    """Status 2, and a sentence that names the setting."""
    for words in (("rebuild",), ("check",), ("check", "--dry-run")):
        status, said = await service.administer("graph", *words, NEO4J_URL="")
        assert status == 2, said
        assert "LOCKSTEP_NEO4J_URL" in said
        assert "Traceback" not in said


async def test_a_neo4j_that_is_not_there_is_named_in_a_sentence(service: GraphService) -> None:
    """Status 1, without a stack trace."""
    status, said = await service.administer("graph", "check", NEO4J_URL="bolt://127.0.0.1:1")
    assert status == 1, said
    assert said.startswith("lockstep: Neo4j does not answer"), said
    assert "LOCKSTEP_NEO4J_URL" in said
