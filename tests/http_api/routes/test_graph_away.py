"""Hold what the graph's routes say while the graph is away or behind."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from store.graph.graph_memory import MemoryGraph
from store.graph.projection import Projection
from store.graph.source import GraphSource
from tests.http_api.routes.graph_moods import leave_behind, take_away, titles, what_next
from tests.http_api.service import Service, Someone


async def test_what_is_done_by_now_makes_room_for_what_waits_further_on(
    service: Service, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier answer names todos that wait no more; others are shown in their place."""
    list_id = await ann.new_list()
    foot = await ann.new_todo(list_id, "foot")
    made = [await ann.new_todo(list_id, "top", blocked_by=[foot["id"]]) for _ in range(6)]
    ids = sorted(one["id"] for one in made)
    about = f"/todos/{foot['id']}/impact?limit=2"
    await ann.done("GET", about)
    leave_behind(service, monkeypatch)
    await ann.done("GET", about)
    take_away(service, monkeypatch)
    for one in ids[:4]:
        await ann.done("PATCH", f"/todos/{one}", {"completed": True})

    answer = await ann.done("GET", about)

    assert [one["todo"]["id"] for one in answer["waiting"]] == ids[4:]
    assert (answer["total"], answer["truncated"], answer["stale"]) == (2, False, True)


async def test_an_earlier_answer_shows_todos_as_they_are_now(
    service: Service, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the graph is away: what is deleted is left out, what has another title shows it."""
    list_id = await ann.new_list()
    foot = await ann.new_todo(list_id, "foot", estimate_min=5)
    top = await ann.new_todo(list_id, "top", blocked_by=[foot["id"]])
    gone = await ann.new_todo(list_id, "gone", blocked_by=[foot["id"]])
    await ann.done("GET", f"/lists/{list_id}/graph")
    leave_behind(service, monkeypatch)
    await ann.done("GET", f"/lists/{list_id}/graph")
    take_away(service, monkeypatch)
    await ann.done("PATCH", f"/todos/{foot['id']}", {"title": "foundation", "completed": True})
    await ann.done("DELETE", f"/todos/{gone['id']}")

    answer = await ann.done("GET", f"/lists/{list_id}/graph")

    assert answer["stale"] is True
    assert {one["title"]: (one["ready"], one["completed"]) for one in answer["nodes"]} == {
        "foundation": (False, True),
        "top": (True, False),
    }
    assert answer["edges"] == [{"from": top["id"], "to": foot["id"]}]
    path = await ann.done("GET", f"/lists/{list_id}/critical-path")
    assert [one["title"] for one in path["todos"]] == ["top"]


async def test_a_graph_that_is_never_away_has_no_earlier_answers(
    service: Service, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the process keeps none: it would only take memory."""
    await ann.done("GET", "/recommendations")
    take_away(service, monkeypatch)
    leave_behind(service, monkeypatch)
    assert (await ann.get("/recommendations")).status_code == 503


async def test_a_graph_that_is_being_filled_says_so_and_not_that_there_is_nothing_to_do(
    service: Service, ann: Someone, bob: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said before, marked; who asks for the first time is refused, or told of a part."""
    list_id, inbox = await ann.new_list(), (await ann.done("GET", "/lists"))["lists"][0]["id"]
    foot = await ann.new_todo(list_id, "foot")
    top = await ann.new_todo(list_id, "top", blocked_by=[foot["id"]])
    await ann.share(list_id, bob)
    about = (
        "/recommendations",
        f"/todos/{foot['id']}/impact",
        f"/lists/{list_id}/graph",
        f"/lists/{list_id}/critical-path",
        f"/lists/{list_id}/suggestions?title=foot",
        f"/people/suggestions?list={list_id}",
    )
    for path in about:
        await ann.done("GET", path)
    leave_behind(service, monkeypatch, late=True)
    before = [await ann.done("GET", path) for path in about]
    assert {one["stale"] for one in before} == {False}

    advisor = service.services.advisor
    monkeypatch.setattr(advisor, "_graph", MemoryGraph())

    assert [await ann.done("GET", path) for path in about] == [
        {**one, "stale": True} for one in before
    ]
    for path in about:
        refused = await bob.get(path)
        assert (refused.status_code, refused.json()["code"]) == (503, "graph_unavailable"), path
        assert refused.headers["retry-after"] == "1"
        assert "being filled" in refused.json()["detail"]
    await ann.done("PUT", f"/todos/{top['id']}/labels/late")
    assert (await ann.done("GET", about[2]))["offset"] == before[2]["offset"]

    # A part of what is bob's is in: his inbox is not.
    generation = await advisor._graph.generation(service.services.store.epoch)  # type: ignore[attr-defined]
    source = GraphSource(service.services.store)
    await Projection(source, advisor._graph, generation).advance({UUID(list_id): None})  # type: ignore[arg-type]
    answer = await what_next(bob)
    assert (titles(answer), answer["stale"]) == (["foot"], True)
    offsets = {one["id"]: one["offset"] for one in answer["lists"]}
    assert (offsets.pop(list_id), set(offsets.values())) == (before[2]["offset"] + 1, {0})
    assert inbox not in offsets
    answer = await bob.done("GET", about[2])
    assert (answer["stale"], answer["total"]) == (False, 2)


async def test_an_offset_that_the_list_itself_has_not_yet_is_waited_for(
    service: Service, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes it may be about to."""
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    looked = asyncio.Event()
    advisor = service.services.advisor
    look = advisor._head

    async def noting(about: UUID) -> int:
        found = await look(about)
        looked.set()
        return found

    monkeypatch.setattr(advisor, "_patience_s", 100.0)
    monkeypatch.setattr(advisor, "_head", noting)
    path = f"/lists/{list_id}/graph?min_offset={todo['offset'] + 2}"
    waiting = asyncio.create_task(ann.get(path))
    await looked.wait()
    await ann.new_todo(list_id, "one")
    assert not waiting.done()
    last = await ann.new_todo(list_id, "two", blocked_by=[todo["id"]])

    answer = (await waiting).json()

    assert answer["offset"] >= last["offset"] == todo["offset"] + 2
    assert answer["edges"] == [{"from": last["id"], "to": todo["id"]}]


async def test_an_offset_that_the_list_itself_does_not_reach_is_refused_after_a_while(
    service: Service, ann: Someone, eve: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 graph_unavailable, and when to ask again; strangers hear of no list."""
    monkeypatch.setattr(service.services.advisor, "_patience_s", 0.5)
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    for path in (f"/lists/{list_id}/graph", f"/todos/{todo['id']}/impact"):
        answer = await ann.get(f"{path}?min_offset={10**9}")
        assert (answer.status_code, answer.json()["code"]) == (503, "graph_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert (await eve.get(f"{path}?min_offset={10**9}")).status_code == 404


async def test_an_offset_that_the_graph_does_not_reach_is_refused_after_a_while(
    service: Service, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for; who asks for none has the answer as of before."""
    list_id = await ann.new_list()
    before = await ann.done("GET", f"/lists/{list_id}/graph")
    leave_behind(service, monkeypatch)
    monkeypatch.setattr(service.services.advisor, "_patience_s", 0.1)
    todo = await ann.new_todo(list_id)

    answer = await ann.get(f"/lists/{list_id}/graph?min_offset={todo['offset']}")

    assert (answer.status_code, answer.json()["code"]) == (503, "graph_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert f"up to {todo['offset']} yet" in answer.json()["detail"]
    assert await ann.done("GET", f"/lists/{list_id}/graph?min_offset={before['offset']}") == before
