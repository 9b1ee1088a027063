"""Hold to whom the graph's routes say what."""

from __future__ import annotations

import pytest

from tests.http_api.routes.graph_moods import leave_behind, take_away, titles, what_next
from tests.http_api.service import Service, Someone, fresh


async def test_who_was_removed_is_told_nothing_more(ann: Someone, bob: Someone) -> None:
    """From the next question on, whatever the graph knew."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob)
    todo = await ann.new_todo(list_id, "milk", labels=["food"])
    await ann.new_todo(list_id, "cake", blocked_by=[todo["id"]])
    assert titles(await what_next(bob)) == ["milk"]
    await ann.done("DELETE", f"/lists/{list_id}/members/{bob.username}")

    assert titles(await what_next(bob)) == []
    assert list_id not in {one["id"] for one in (await what_next(bob))["lists"]}
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

    leave_behind(service, monkeypatch)
    for path in about:
        assert (await bob.done("GET", path))["stale"] is False
    await ann.done("DELETE", f"/lists/{list_id}/members/{bob.username}")
    await ann.done("DELETE", f"/lists/{gone}")
    late = [await bob.done("GET", path) for path in about]
    take_away(service, monkeypatch)
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
