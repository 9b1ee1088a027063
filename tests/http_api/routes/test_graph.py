"""Hold what the graph's routes answer."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest

from http_api.graph_shapes import (
    CriticalPathShape,
    GraphShape,
    ImpactShape,
    PeopleShape,
    SuggestionsShape,
)
from tests.http_api.routes.graph_moods import titles, what_next
from tests.http_api.service import Someone


async def test_what_can_be_done_now_is_recommended_with_its_reasons(ann: Someone) -> None:
    """Best first; what waits is not, and presses on what it waits for."""
    list_id = await ann.new_list()
    plain = await ann.new_todo(list_id, "plain")
    foot = await ann.new_todo(list_id, "foot")
    await ann.new_todo(list_id, "top", priority="high", blocked_by=[foot["id"]])
    await ann.new_todo(list_id, "mine", assignees=[ann.username])

    answer = await what_next(ann)

    assert titles(answer) == ["foot", "mine", "plain"]
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
    assert titles(await what_next(ann)) == ["top", "mine", "plain"]
    assert titles(await what_next(ann, limit=1)) == ["top"]


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

    assert sorted(titles(await what_next(bob))) == ["anybody's", "bob's"]
    assert sorted(titles(await what_next(ann))) == ["anybody's", "secret"]
    assert titles(await what_next(eve)) == []


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
