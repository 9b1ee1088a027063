"""Hold the door of the offline queue: many commands in one request."""

from __future__ import annotations

from typing import Any

import pytest

from http_api.answers import CommandResults
from store.errors import Unavailable
from tests.http_api.service import Service, Someone, fresh


def adding(list_id: str, title: str = "milk", **more: Any) -> dict[str, Any]:
    """Build a command that adds a todo."""
    return {"type": "todo.create", "op": fresh(), "list_id": list_id, "title": title, **more}


async def test_each_result_is_what_its_own_route_answers(ann: Someone) -> None:
    """In order, and a refused one does not keep the others from happening."""
    list_id = await ann.new_list()
    todo_id = fresh()
    commands = [
        adding(list_id, id=todo_id),
        {"type": "todo.update", "op": fresh(), "todo_id": todo_id, "changes": {"completed": True}},
        {"type": "todo.update", "op": fresh(), "todo_id": fresh(), "changes": {}},
        {"type": "todo.update", "op": fresh(), "todo_id": todo_id, "changes": {"title": ""}},
        {"type": "no.such", "op": fresh()},
        {"op": fresh()},
        {"type": "list.update", "op": fresh(), "list_id": list_id, "changes": {"title": "new"}},
    ]
    answer = await ann.post("/commands", {"commands": commands})
    assert answer.status_code == 200
    results = CommandResults.model_validate(answer.json()).results
    assert [one.status for one in results] == [201, 200, 404, 422, 422, 422, 200]
    assert [str(one.op) for one in results[:6]] == [command["op"] for command in commands[:6]]
    assert results[1].body["todo"]["completed"] is True
    assert results[2].body["code"] == "not_found"
    assert results[3].body["errors"][0]["path"] == "title"
    assert [one.body["errors"][0]["path"] for one in results[4:6]] == ["type", "type"]
    assert await ann.head(list_id) == results[-1].body["offset"] == 5


@pytest.mark.parametrize(
    "changes", [{"title": ""}, {"nobody": 1}, {"title": "x", "notes": 7}, {"priority": 99}]
)
async def test_a_refused_change_names_fields_as_its_own_route_does(
    ann: Someone, changes: dict[str, Any]
) -> None:
    """Its body is the same; only the request's id differs."""
    list_id = await ann.new_list()
    todo_id = (await ann.new_todo(list_id))["id"]
    for kind, own, name in (
        ("todo.update", f"/todos/{todo_id}", {"todo_id": todo_id}),
        ("list.update", f"/lists/{list_id}", {"list_id": list_id}),
    ):
        alone = await ann.send("PATCH", own, json=changes)
        command = {"type": kind, "op": fresh(), **name, "changes": changes}
        answer = await ann.post("/commands", {"commands": [command]})
        [result] = answer.json()["results"]
        assert result["status"] == alone.status_code == 422
        assert result["body"]["errors"] == alone.json()["errors"]


async def test_a_queue_can_simply_be_sent_again(ann: Someone) -> None:
    """Every command gets its first answer."""
    list_id = await ann.new_list()
    commands = [adding(list_id, str(number)) for number in range(100)]
    first = await ann.done("POST", "/commands", {"commands": commands})
    again = await ann.done("POST", "/commands", {"commands": commands})
    assert first == again
    assert await ann.head(list_id) == 102


async def test_a_key_of_the_batch_names_its_nameless_commands(ann: Someone) -> None:
    """So a retry of the whole request doubles nothing."""
    list_id = await ann.new_list()
    commands = [{"type": "todo.create", "list_id": list_id, "title": str(n)} for n in range(3)]
    key = {"Idempotency-Key": fresh()}
    first = await ann.post("/commands", {"commands": commands}, headers=key)
    again = await ann.post("/commands", {"commands": commands}, headers=key)
    assert first.json() == again.json()
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert await ann.head(list_id) == 5


@pytest.mark.parametrize("atomic", [False, True])
async def test_a_command_without_a_name_is_refused_with_the_whole_batch(
    ann: Someone, atomic: bool
) -> None:
    """No result could say which command it is about, and no retry would be safe."""
    list_id = await ann.new_list()
    for op in (None, "x", 5):
        nameless = {"type": "todo.create", "list_id": list_id, "title": "b"}
        commands = [adding(list_id), nameless if op is None else {**nameless, "op": op}]
        answer = await ann.post("/commands", {"commands": commands, "atomic": atomic})
        assert answer.status_code == 422
        assert [one["path"] for one in answer.json()["errors"]] == ["commands.1.op"]
    assert await ann.head(list_id) == 2


async def test_after_a_passing_failure_the_rest_waits(
    service: Service, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later command may build on the one that could not be carried out yet."""
    list_id = await ann.new_list()
    replica = service.services.replica
    commit = replica.submit
    calls = 0

    async def failing(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Unavailable("down")
        return await commit(*given, **named)

    async def nothing(*_: Any) -> tuple[()]:
        return ()

    monkeypatch.setattr(replica, "submit", failing)
    monkeypatch.setattr(replica, "submit_first", nothing)
    commands = [adding(list_id, str(number)) for number in range(4)]
    results = (await ann.done("POST", "/commands", {"commands": commands}))["results"]
    assert [one["status"] for one in results] == [201, 503, 503, 503]
    assert calls == 2
    monkeypatch.undo()
    results = (await ann.done("POST", "/commands", {"commands": commands}))["results"]
    assert [one["status"] for one in results] == [201, 201, 201, 201]
    assert await ann.head(list_id) == 6


async def test_a_batch_that_cannot_be_written_at_all_is_not_tried_one_by_one(
    service: Service, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written together or alone: the first says why, the others wait."""
    list_id = await ann.new_list()

    async def failing(*_: Any) -> tuple[()]:
        raise Unavailable("down")

    monkeypatch.setattr(service.services.replica, "submit_first", failing)
    commands = [adding(list_id, str(number)) for number in range(3)]
    results = (await ann.done("POST", "/commands", {"commands": commands}))["results"]
    assert [(one["status"], one["body"]["detail"]) for one in results] == [
        (503, "down"),
        *[(503, "Not tried, because one before it could not be carried out.")] * 2,
    ]
    assert await ann.head(list_id) == 2


async def test_what_a_refused_one_stood_for_is_refused_too(ann: Someone, bob: Someone) -> None:
    """In order means: each finds what those before it left, and nothing of those after it."""
    list_id, other = await ann.new_list(), await bob.new_list()
    early, late = fresh(), fresh()
    done = {"type": "todo.update", "op": fresh(), "changes": {"completed": True}}
    commands = [
        {**done, "todo_id": late},
        adding(list_id, id=early),
        {**done, "op": fresh(), "todo_id": early},
        adding(other),
        adding(list_id, id=late),
        {"type": "todo.block", "op": fresh(), "todo_id": early, "by": late},
        {"type": "todo.block", "op": fresh(), "todo_id": late, "by": early},
        {"type": "list.update", "op": fresh(), "list_id": list_id, "changes": {"title": "b"}},
        {"type": "todo.delete", "op": fresh(), "todo_id": early},
    ]
    results = (await ann.done("POST", "/commands", {"commands": commands}))["results"]
    assert [one["status"] for one in results] == [404, 201, 200, 404, 201, 200, 409, 200, 200]
    assert results[6]["body"]["code"] == "cycle"
    offsets = [one["body"]["offset"] for one in results if one["status"] < 300]
    assert offsets == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"commands": []},
        {"commands": [{}] * 101},
        {"commands": {}},
        {"commands": [1]},
        {"commands": [{"type": "list.create", "op": fresh(), "title": "a"}], "atomic": "yes"},
        {"commands": [{"type": "list.create", "op": fresh(), "title": "a"}], "extra": 1},
    ],
)
async def test_what_is_no_batch_is_refused_whole(ann: Someone, body: dict[str, Any]) -> None:
    """Nothing of it happens."""
    assert (await ann.post("/commands", body)).status_code == 422


async def test_the_same_command_in_two_batches_is_one(ann: Someone) -> None:
    """The operation id counts, not the request around it."""
    list_id = await ann.new_list()
    command = adding(list_id)
    body = {"title": "milk", "op": command["op"]}
    await ann.done("POST", "/commands", {"commands": [command, command]})
    answer = await ann.post(f"/lists/{list_id}/todos", body)
    assert answer.headers["idempotent-replay"] == "true"
    assert await ann.head(list_id) == 3
