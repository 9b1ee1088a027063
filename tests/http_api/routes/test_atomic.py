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
