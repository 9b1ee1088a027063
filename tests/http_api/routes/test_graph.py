"""Hold what the graph's routes answer, and to whom."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Hashable
from typing import Any
from uuid import UUID

import orjson
import pytest

from http_api.graph_shapes import (
    CriticalPathShape,
    GraphShape,
    ImpactShape,
    PeopleShape,
    RecommendationsShape,
    SuggestionsShape,
)
from store.actor import Actor
from store.errors import GraphUnavailable
from tests.http_api.service import Service, Someone, fresh
from tests.servers.deadline import eventually


async def _next(someone: Someone, **params: Any) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in params.items())
    answer = await someone.done("GET", f"/recommendations?{query}")
    RecommendationsShape.model_validate(answer)
    return answer


def _titles(answer: dict[str, Any]) -> list[str]:
    return [item["todo"]["title"] for item in answer["items"]]


async def test_what_can_be_done_now_is_recommended_with_its_reasons(ann: Someone) -> None:
    """Best first; what waits is not, and presses on what it waits for."""
    list_id = await ann.new_list()
    plain = await ann.new_todo(list_id, "plain")
    foot = await ann.new_todo(list_id, "foot")
    await ann.new_todo(list_id, "top", priority="high", blocked_by=[foot["id"]])
    await ann.new_todo(list_id, "mine", assignees=[ann.username])

    answer = await _next(ann)

    assert _titles(answer) == ["foot", "mine", "plain"]
    first = answer["items"][0]
    assert (first["score"], first["reasons"]) == (
        62,
        [
            {
                "kind": "unblocks",
                "points": 62,
                "facts": {"todos": 1, "people": 0, "due_in_hours": None},
            }
        ],
    )
    assert answer["items"][2]["todo"] == plain
    assert {"id": list_id, "offset": 6} in answer["lists"]
    assert answer["stale"] is False
    await ann.done("PATCH", f"/todos/{foot['id']}", {"completed": True})
    assert _titles(await _next(ann)) == ["top", "mine", "plain"]
    assert _titles(await _next(ann, limit=1)) == ["top"]


async def test_only_what_is_mine_to_do_is_recommended(
    ann: Someone, bob: Someone, eve: Someone
) -> None:
    """Not what is assigned to others, nor in a list one may only read, nor in others' lists."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob)
    await ann.share(list_id, eve, "viewer")
    await ann.new_todo(list_id, "bob's", assignees=[bob.username])
    await ann.new_todo(list_id, "anybody's")
    await ann.new_todo(await ann.new_list("Secret"), "secret")

    assert sorted(_titles(await _next(bob))) == ["anybody's", "bob's"]
    assert sorted(_titles(await _next(ann))) == ["anybody's", "secret"]
    assert _titles(await _next(eve)) == []


class _Away:
    """Be a graph that does not answer."""

    def __getattr__(self, question: str) -> Any:
        async def ask(*_: Any) -> Any:
            raise GraphUnavailable("It is away.")

        return ask


def _leave_behind(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the graph stay as it is, as one does whose worker is stopped."""
    monkeypatch.setattr(service.services.advisor, "_prepare", None)


def _take_away(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the graph answer nothing more."""
    monkeypatch.setattr(service.services.advisor, "_graph", _Away())


async def test_who_was_removed_is_told_nothing_more(ann: Someone, bob: Someone) -> None:
    """From the next question on, whatever the graph knew."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob)
    todo = await ann.new_todo(list_id, "milk", labels=["food"])
    await ann.new_todo(list_id, "cake", blocked_by=[todo["id"]])
    assert _titles(await _next(bob)) == ["milk"]
    await ann.done("DELETE", f"/lists/{list_id}/members/{bob.username}")

    assert _titles(await _next(bob)) == []
    assert list_id not in {one["id"] for one in (await _next(bob))["lists"]}
    own = await bob.new_list()
    hints = await bob.done("GET", f"/lists/{own}/suggestions?title=milk")
    assert (hints["labels"], hints["together"]) == ([], [])
    people = await bob.done("GET", f"/people/suggestions?list={own}")
    assert people["invite"] == []


async def test_a_graph_that_is_late_or_away_tells_who_was_removed_nothing_more(
    service: Service, ann: Someone, bob: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even that the list is there, nor how far it is, however long the graph takes to know."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob)
    gone = await ann.new_list()
    await ann.share(gone, bob)
    milk = await ann.new_todo(list_id, "milk", labels=["food"])
    cake = await ann.new_todo(list_id, "cake", blocked_by=[milk["id"]])
    own = await bob.new_list()
    about = (
        "/recommendations",
        f"/people/suggestions?list={own}",
        f"/lists/{own}/suggestions?title=milk",
    )
    told = "".join([(await bob.get(path)).text for path in about])
    assert all(one in told for one in (list_id, gone, milk["id"], "food", ann.username))

    _leave_behind(service, monkeypatch)
    for path in about:
        assert (await bob.done("GET", path))["stale"] is False
    await ann.done("DELETE", f"/lists/{list_id}/members/{bob.username}")
    await ann.done("DELETE", f"/lists/{gone}")
    late = [await bob.done("GET", path) for path in about]
    _take_away(service, monkeypatch)
    away = [await bob.done("GET", path) for path in about]

    assert [one["stale"] for one in late] == [False, False, False]
    assert [one["stale"] for one in away] == [True, True, True]
    for secret in (list_id, gone, milk["id"], cake["id"], "food", ann.username):
        assert secret not in str(late)
        assert secret not in str(away)
    assert own in {one["id"] for one in away[0]["lists"]}
    for path in (f"/lists/{list_id}/graph", f"/todos/{milk['id']}/impact"):
        assert (await bob.get(path)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/todos/{todo}/impact",
        "/lists/{list}/critical-path",
        "/lists/{list}/graph",
        "/lists/{list}/suggestions?title=milk",
        "/people/suggestions?list={list}",
    ],
)
async def test_another_s_list_answers_what_a_random_id_answers(
    ann: Someone, eve: Someone, path: str
) -> None:
    """404, in the same words."""
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    there = await eve.get(path.format(list=list_id, todo=todo["id"]))
    nowhere = await eve.get(path.format(list=fresh(), todo=fresh()))
    assert there.status_code == nowhere.status_code == 404
    keep = {"type", "title", "status", "detail", "code"}
    assert {one: there.json()[one] for one in keep} == {one: nowhere.json()[one] for one in keep}
    assert (await ann.get(path.format(list=list_id, todo=todo["id"]))).status_code == 200


async def test_the_impact_names_what_waits_and_who(ann: Someone, bob: Someone) -> None:
    """Nearest first, through others too; what is done waits no more."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob)
    foot = await ann.new_todo(list_id, "foot")
    middle = await ann.new_todo(
        list_id, "middle", blocked_by=[foot["id"]], assignees=[bob.username]
    )
    top = await ann.new_todo(list_id, "top", blocked_by=[middle["id"]])

    answer = await ann.done("GET", f"/todos/{foot['id']}/impact?min_offset={top['offset']}")

    ImpactShape.model_validate(answer)
    assert [(one["todo"]["title"], one["steps"]) for one in answer["waiting"]] == [
        ("middle", 1),
        ("top", 2),
    ]
    assert answer["people"] == [
        {"username": ann.username, "todos": [top["id"]]},
        {"username": bob.username, "todos": [middle["id"]]},
    ]
    assert (answer["list_id"], answer["offset"]) == (list_id, top["offset"])
    await ann.done("PATCH", f"/todos/{middle['id']}", {"completed": True})
    answer = await ann.done("GET", f"/todos/{foot['id']}/impact")
    assert answer["waiting"] == []


async def test_the_critical_path_is_the_chain_that_takes_longest(ann: Someone) -> None:
    """By the estimates; a todo without one counts for the minutes that the answer says."""
    list_id = await ann.new_list()
    dig = await ann.new_todo(list_id, "dig", estimate_min=60)
    short = await ann.new_todo(list_id, "measure", estimate_min=5)
    pour = await ann.new_todo(list_id, "pour", blocked_by=[dig["id"], short["id"]])
    await ann.new_todo(list_id, "wait", estimate_min=20, blocked_by=[pour["id"]])

    answer = await ann.done("GET", f"/lists/{list_id}/critical-path")

    CriticalPathShape.model_validate(answer)
    assert [(one["title"], one["starts_min"]) for one in answer["todos"]] == [
        ("dig", 0),
        ("pour", 60),
        ("wait", 90),
    ]
    assert (answer["minutes"], answer["assumed_min"], answer["assumed"]) == (110, 30, 1)


async def test_a_list_s_dependencies_can_be_drawn(ann: Someone) -> None:
    """Nodes that wait or are waited for, and who waits for whom."""
    list_id = await ann.new_list()
    foot = await ann.new_todo(list_id, "foot")
    top = await ann.new_todo(list_id, "top", blocked_by=[foot["id"]])
    await ann.new_todo(list_id, "alone")

    answer = await ann.done("GET", f"/lists/{list_id}/graph")

    GraphShape.model_validate(answer)
    assert {one["title"]: (one["ready"], one["completed"]) for one in answer["nodes"]} == {
        "foot": (True, False),
        "top": (False, False),
    }
    assert answer["edges"] == [{"from": top["id"], "to": foot["id"]}]
    assert answer["alone"] == 1


async def test_what_is_too_much_to_show_is_cut_and_counted(ann: Someone) -> None:
    """Nearest first; the picture begins with what can be done now, the path with its first step."""
    list_id = await ann.new_list()
    chain = [await ann.new_todo(list_id, "step 0")]
    for number in range(1, 6):
        blocked_by = [chain[-1]["id"]]
        chain.append(await ann.new_todo(list_id, f"step {number}", blocked_by=blocked_by))
    ids = [one["id"] for one in chain]

    impact = await ann.done("GET", f"/todos/{ids[0]}/impact?limit=2")
    ImpactShape.model_validate(impact)
    assert [one["todo"]["id"] for one in impact["waiting"]] == ids[1:3]
    assert impact["people"] == [{"username": ann.username, "todos": ids[1:3]}]
    assert (impact["total"], impact["truncated"]) == (5, True)

    picture = await ann.done("GET", f"/lists/{list_id}/graph?limit=3")
    GraphShape.model_validate(picture)
    assert {one["id"]: one["ready"] for one in picture["nodes"]} == {
        ids[0]: True,
        ids[1]: False,
        ids[2]: False,
    }
    assert {(one["from"], one["to"]) for one in picture["edges"]} == {
        (ids[1], ids[0]),
        (ids[2], ids[1]),
    }
    assert (picture["total"], picture["truncated"], picture["alone"]) == (6, True, 0)

    path = await ann.done("GET", f"/lists/{list_id}/critical-path?limit=4")
    CriticalPathShape.model_validate(path)
    assert [one["id"] for one in path["todos"]] == ids[:4]
    assert (path["total"], path["truncated"], path["minutes"]) == (6, True, 180)

    for about, total in ((f"/todos/{ids[0]}/impact", 5), (f"/lists/{list_id}/graph", 6)):
        whole = await ann.done("GET", f"{about}?limit={total}")
        assert (whole["total"], whole["truncated"]) == (total, False)
        for limit in ("0", "1001", "many"):
            assert (await ann.get(f"{about}?limit={limit}")).status_code == 422


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
    _leave_behind(service, monkeypatch)
    await ann.done("GET", about)
    _take_away(service, monkeypatch)
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
    _leave_behind(service, monkeypatch)
    await ann.done("GET", f"/lists/{list_id}/graph")
    _take_away(service, monkeypatch)
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
    _take_away(service, monkeypatch)
    _leave_behind(service, monkeypatch)
    assert (await ann.get("/recommendations")).status_code == 503


async def test_a_long_answer_is_brought_in_parts_and_written_beside_the_loop(
    ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says the same as a short one, and connections get their turn meanwhile."""
    list_id = await ann.new_list()
    foot = await ann.new_todo(list_id, "foot")
    last = foot
    for number in range(5):
        last = await ann.new_todo(list_id, f"step {number}", blocked_by=[last["id"]])
    paths = (
        f"/todos/{foot['id']}/impact",
        f"/lists/{list_id}/critical-path",
        f"/lists/{list_id}/graph",
    )
    short = [await ann.done("GET", path) for path in paths]
    threads = []

    def noting(value: Any) -> bytes:
        threads.append(threading.current_thread())
        return orjson.dumps(value)

    monkeypatch.setattr("http_api.routes.graph._json", noting)
    monkeypatch.setattr("http_api.routes.graph._LARGE", 5)
    monkeypatch.setattr("store.graph.permitted._AT_ONCE", 2)

    assert [await ann.done("GET", path) for path in paths] == short

    assert len(short[0]["waiting"]) == 5
    assert len(threads) == 3
    assert threading.current_thread() not in threads


async def test_people_are_suggested_whom_one_meets_elsewhere(
    ann: Someone, bob: Someone, eve: Someone
) -> None:
    """Those who share lists, for an invitation; those who did such things, for the work."""
    both = await ann.new_list("Both")
    await ann.share(both, bob)
    await ann.share(both, eve)
    here = await ann.new_list("Here")
    await ann.share(here, bob)
    done = await bob.new_todo(here, "paint the fence")
    await bob.done("PATCH", f"/todos/{done['id']}", {"completed": True})
    await ann.new_todo(here, "paint the door")

    answer = await ann.done("GET", f"/people/suggestions?list={here}")

    PeopleShape.model_validate(answer)
    assert [(one["username"], one["score"]) for one in answer["invite"]] == [(eve.username, 15)]
    assert [one["kind"] for one in answer["invite"][0]["reasons"]] == [
        "shares_lists",
        "knows_members",
    ]
    assert [(one["username"], one["score"]) for one in answer["assign"]] == [(bob.username, 5)]


async def test_labels_and_companions_are_suggested_for_a_title(ann: Someone) -> None:
    """What such todos carry, and what was added along with them more than once."""
    list_id = await ann.new_list()
    for _ in range(2):
        for title, labels in (("oat milk", ["cold"]), ("bread", [])):
            todo = await ann.new_todo(list_id, title, labels=labels)
            await ann.done("PATCH", f"/todos/{todo['id']}", {"completed": True})

    answer = await ann.done("GET", f"/lists/{list_id}/suggestions?title=Milk!")

    SuggestionsShape.model_validate(answer)
    assert answer["labels"] == [{"label": "cold", "count": 2}]
    assert answer["together"] == [{"title": "bread", "count": 2}]
    await ann.new_todo(list_id, "Bread")
    answer = await ann.done("GET", f"/lists/{list_id}/suggestions?title=Milk!")
    assert answer["together"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/recommendations?limit=0",
        "/recommendations?limit=101",
        "/recommendations?limit=ten",
        "/recommendations?min_offset=1",
        "/people/suggestions",
        "/people/suggestions?list=nonsense",
        "/lists/{list}/graph?min_offset=-1",
        "/lists/{list}/suggestions",
        "/lists/{list}/suggestions?title=%00",
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(ann: Someone, path: str) -> None:
    """422 with the path."""
    answer = await ann.get(path.format(list=await ann.new_list()))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


async def test_an_offset_that_the_list_itself_has_not_is_refused_at_once(
    ann: Someone, eve: Someone
) -> None:
    """503 graph_unavailable, and when to ask again; strangers hear of no list."""
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    for path in (f"/lists/{list_id}/graph", f"/todos/{todo['id']}/impact"):
        answer = await ann.get(f"{path}?min_offset={10**9}")
        assert (answer.status_code, answer.json()["code"]) == (503, "graph_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert f"no entry {10**9}" in answer.json()["detail"]
        assert (await eve.get(f"{path}?min_offset={10**9}")).status_code == 404


async def test_an_offset_that_the_graph_does_not_reach_is_refused_after_a_while(
    service: Service, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for; who asks for none has the answer as of before."""
    list_id = await ann.new_list()
    before = await ann.done("GET", f"/lists/{list_id}/graph")
    _leave_behind(service, monkeypatch)
    monkeypatch.setattr(service.services.advisor, "_patience_s", 0.1)
    todo = await ann.new_todo(list_id)

    answer = await ann.get(f"/lists/{list_id}/graph?min_offset={todo['offset']}")

    assert (answer.status_code, answer.json()["code"]) == (503, "graph_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert f"up to {todo['offset']} yet" in answer.json()["detail"]
    assert await ann.done("GET", f"/lists/{list_id}/graph?min_offset={before['offset']}") == before


async def test_one_person_s_flood_of_questions_takes_few_turns(
    service: Service, ann: Someone, bob: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same one is asked twice at most; of others too many are refused; others go on."""
    list_id = await ann.new_list()
    advisor = service.services.advisor
    ready, share = advisor._prepare, advisor.share
    assert ready is not None
    go = asyncio.Event()
    arrived: list[Hashable] = []
    asked: list[str] = []

    async def arrive(actor: Actor, question: Hashable, work: Any) -> Any:
        arrived.append(question)
        return await share(actor, question, work)

    async def prepare(asker: UUID, username: str) -> None:
        asked.append(username)
        if username == ann.username:
            await go.wait()
        await ready(asker, username)

    monkeypatch.setattr(advisor, "share", arrive)
    monkeypatch.setattr(advisor, "_prepare", prepare)
    monkeypatch.setattr(advisor._turns, "_patience_s", None)
    same = [asyncio.create_task(ann.get("/recommendations")) for _ in range(50)]
    await eventually(lambda: len(arrived) == 50 and asked, "the same question, often")
    await asyncio.sleep(0)
    monkeypatch.setattr(advisor._turns, "_patience_s", 0.2)
    others = [
        asyncio.create_task(ann.get(f"/people/suggestions?list={list_id}&limit={limit}"))
        for limit in range(1, 21)
    ]
    assert (await bob.get("/recommendations")).status_code == 200
    await eventually(lambda: sum(one.done() for one in others) == 17, "all but three are refused")
    go.set()
    assert {(await one).status_code for one in same} == {200}
    answers = [await one for one in others]
    assert sorted(one.status_code for one in answers) == [200] * 3 + [429] * 17
    refused = [one for one in answers if one.status_code == 429]
    assert {one.json()["code"] for one in refused} == {"too_many_requests"}
    assert {one.headers["retry-after"] for one in refused} == {"1"}
    assert asked.count(ann.username) in {1 + 3, 2 + 3}
