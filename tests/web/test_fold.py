"""Tests that the page's fold and the service agree on what a list's entries mean."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.servers.missing import program
from tests.servers.person import Person
from tests.servers.replica import Replica

SCRIPT = Path(__file__).parent / "fold_log.mjs"


async def folded(**given: Any) -> Any:
    """Fold under Node, with the module that the page runs."""
    node = program("node", "nodejs", package="nodejs")
    process = await asyncio.create_subprocess_exec(
        node, SCRIPT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(json.dumps(given).encode())
    assert process.returncode == 0
    return json.loads(output)


def commands(chance: random.Random, list_id: str, people: list[str]) -> list[dict[str, Any]]:
    """Make 90 commands of every kind about a few todos, some of which will be refused."""
    todos = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(8)]
    titles = ["milk", "żółw", "\u202eevil", "<b>", "x" * 200]
    made: list[dict[str, Any]] = []
    for todo in todos:
        made.append({"type": "todo.create", "list_id": list_id, "id": todo, "title": "new"})
        made[-1]["labels"] = ["soon"] if chance.random() < 0.3 else []
        made[-1]["assignees"] = [chance.choice(people)] if chance.random() < 0.5 else []
    for _ in range(82):
        todo, person = chance.choice(todos), chance.choice(people)
        of_todo: list[dict[str, Any]] = [
            {"type": "todo.update", "changes": {"title": chance.choice(titles)}},
            {"type": "todo.update", "changes": {"completed": chance.random() < 0.6}},
            {"type": "todo.update", "changes": {"due_at": "2027-01-01T00:00:00Z"}},
            {"type": "todo.update", "changes": {"notes": "n", "priority": "high"}},
            {"type": "todo.move", "after": chance.choice([None, *todos])},
            {"type": "todo.delete"},
            {"type": "todo.restore"},
        ]
        of_list: list[dict[str, Any]] = [
            {"type": "list.update", "changes": {"title": chance.choice(titles)}},
            {"type": "member.set", "username": person, "role": "viewer"},
            {"type": "member.set", "username": person, "role": "editor"},
            {"type": "member.remove", "username": person},
            {"type": "message.post", "text": "hello"},
        ]
        if chance.random() < 0.8:
            made.append({**chance.choice(of_todo), "todo_id": todo})
        else:
            made.append({**chance.choice(of_list), "list_id": list_id})
    return [{**command, "op": str(uuid.uuid4())} for command in made]


@pytest.mark.parametrize("seed", range(3))
async def test_the_page_folds_entries_into_the_snapshot(
    service: tuple[Replica, Replica], seed: int
) -> None:
    """From nothing, and from a snapshot on the way, its fold gives the service's own snapshot."""
    ann = await Person.register(service[0], "ann")
    others = [await Person.register(service[0], name) for name in ("bo", "cleo")]
    list_id = await ann.make_list("Groceries")
    for other in others:
        await ann.share(list_id, other)
    planned = commands(random.Random(seed), list_id, [other.username for other in others])
    await ann.call("POST", "/commands", {"commands": planned[:45]})
    midway = await ann.call("GET", f"/lists/{list_id}")
    await ann.call("POST", "/commands", {"commands": planned[45:]})

    snapshot = await ann.call("GET", f"/lists/{list_id}")
    trash = await ann.call("GET", f"/lists/{list_id}/trash")
    log = await ann.call("GET", f"/lists/{list_id}/changes", since=0, limit=1000)
    assert log["complete"]
    assert len(log["changes"]) > 45  # most were not refused

    whole = await folded(changes=log["changes"])
    assert whole["list"] == snapshot["list"]
    assert sorted_by_id(whole["members"]) == sorted_by_id(snapshot["members"])
    assert whole["todos"] == snapshot["todos"]
    assert sorted_by_id(whole["trash"]) == sorted_by_id(trash["todos"])
    assert whole["offset"] == snapshot["offset"]

    # What a page does that came in the middle: the trash it never saw is fetched, todo by todo.
    later = [change for change in log["changes"] if change["offset"] > midway["offset"]]
    resumed = await folded(
        snapshot=midway, changes=later, todos=[*snapshot["todos"], *trash["todos"]]
    )
    assert resumed["todos"] == snapshot["todos"]
    assert resumed["list"] == snapshot["list"]
    assert resumed["offset"] == snapshot["offset"]


def sorted_by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put rows into an order that does not depend on how they were read."""
    return sorted(rows, key=lambda row: str(row["id"]))
