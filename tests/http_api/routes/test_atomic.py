"""Hold how a batch of commands takes effect all at once or not at all."""

from __future__ import annotations

from tests.http_api.service import Someone, fresh


async def test_an_atomic_batch_takes_effect_as_a_whole(ann: Someone) -> None:
    """Offsets in a row; a repeat of the batch gives the same answers."""
    list_id, todo_id = await ann.new_list(), fresh()
    batch = {
        "atomic": True,
        "commands": [
            {"type": "todo.create", "op": fresh(), "list_id": list_id, "id": todo_id, "title": "a"},
            {"type": "todo.update", "op": fresh(), "todo_id": todo_id, "changes": {"title": "b"}},
        ],
    }
    first = await ann.done("POST", "/commands", batch)
    assert [result["status"] for result in first["results"]] == [201, 200]
    assert [result["body"]["offset"] for result in first["results"]] == [3, 4]
    again = await ann.done("POST", "/commands", batch)
    assert [result["body"] for result in again["results"]] == [
        result["body"] for result in first["results"]
    ]
    assert await ann.head(list_id) == 4


async def test_one_refusal_keeps_the_whole_batch_from_happening(ann: Someone) -> None:
    """The refused command says why, the others that they were not done; nothing is written."""
    list_id = await ann.new_list()
    good = {"type": "todo.create", "op": fresh(), "list_id": list_id, "title": "a"}
    for bad, status in (
        ({"type": "todo.delete", "op": fresh(), "todo_id": fresh()}, 404),
        ({"type": "todo.create", "op": fresh(), "list_id": list_id, "title": ""}, 422),
        ({"type": "list.create", "op": fresh(), "title": "another"}, 422),
        (
            {"type": "todo.create", "op": fresh(), "list_id": await ann.new_list(), "title": "a"},
            422,
        ),
    ):
        answer = await ann.done("POST", "/commands", {"atomic": True, "commands": [good, bad]})
        codes = [(result["status"], result["body"]["code"]) for result in answer["results"]]
        assert codes[0] == (424, "not_done")
        assert codes[1][0] == status
        assert answer["results"][1]["op"] == bad["op"]
    assert await ann.head(list_id) == 2


async def test_an_atomic_batch_may_begin_with_its_list(ann: Someone, bob: Someone) -> None:
    """The list is there with all that was planned for it, or not at all."""
    list_id, todo_id = fresh(), fresh()
    make = {"type": "list.create", "op": fresh(), "id": list_id, "title": "trip"}
    share = {"type": "member.set", "op": fresh(), "list_id": list_id, "username": bob.username}
    pack = {"type": "todo.create", "op": fresh(), "list_id": list_id, "id": todo_id, "title": "a"}
    label = {"type": "todo.add_label", "op": fresh(), "todo_id": todo_id, "label": "soon"}
    bad = {**share, "op": fresh(), "username": "nobody-at-all", "role": "editor"}
    refused = await ann.done("POST", "/commands", {"atomic": True, "commands": [make, pack, bad]})
    assert [result["status"] for result in refused["results"]] == [424, 424, 404]
    assert (await ann.get(f"/lists/{list_id}")).status_code == 404

    batch = {"atomic": True, "commands": [make, {**share, "role": "editor"}, pack, label]}
    first = await ann.done("POST", "/commands", batch)
    assert [result["status"] for result in first["results"]] == [201, 200, 201, 200]
    assert [result["body"]["offset"] for result in first["results"]] == [2, 3, 4, 5]
    again = await ann.done("POST", "/commands", batch)
    assert [one["body"] for one in again["results"]] == [one["body"] for one in first["results"]]
    whole = await bob.done("GET", f"/lists/{list_id}")
    assert [todo["labels"] for todo in whole["todos"]] == [["soon"]]


async def test_an_id_that_is_taken_keeps_an_atomic_batch_from_happening(
    ann: Someone, eve: Someone
) -> None:
    """The command that chose it says so."""
    foreign_list = await eve.new_list()
    foreign_todo = (await eve.new_todo(foreign_list))["id"]
    list_id = fresh()
    make = {"type": "list.create", "op": fresh(), "id": list_id, "title": "trip"}
    add = {"type": "todo.create", "op": fresh(), "list_id": list_id, "title": "a"}
    for commands, refused in (
        ([{**make, "id": foreign_list}, {**add, "list_id": foreign_list}], 0),
        ([make, {**add, "id": foreign_todo}], 1),
    ):
        batch = {"atomic": True, "commands": commands}
        results = (await ann.done("POST", "/commands", batch))["results"]
        assert results[refused]["body"]["code"] == "id_taken"
        assert results[1 - refused]["status"] == 424
    assert (await ann.get(f"/lists/{list_id}")).status_code == 404
