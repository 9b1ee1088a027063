"""Lists that have something to do with each other, and questions about them (load process)."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from bench.client_http import HttpClient, post

__all__ = ["ask_next", "fill_mixed"]

_CLIENTS, _BATCH = 4, 100
_WORDS = ("milk", "bread", "paint", "fence", "report", "ticket", "letter", "garden", "roof", "tax")
_PRIORITIES = ("none", "low", "medium", "high")


async def fill_mixed(
    origin: str, token: str, lists: Sequence[str], people: Sequence[str], *, todos: int, more: int
) -> int:
    """Give each list so many ``todos`` and ``more`` changes of every kind; count the entries.

    Each tenth todo waits for the one before it. ``people`` are members of every list.
    """
    place = urlsplit(origin)
    random_one = random.Random(4)
    waiting = [_commands(random_one, one, people, todos, more) for one in lists]
    entries = 0

    async def send() -> None:
        nonlocal entries
        client = await HttpClient.open(place.hostname or "", place.port or 80)
        while waiting:
            commands = waiting.pop()
            for start in range(0, len(commands), _BATCH):
                body = orjson.dumps({"commands": commands[start : start + _BATCH]})
                request = post("/api/v1/commands", token, str(uuid.uuid4()), body)
                answer = await client.ask(request)
                refused = [one for one in answer["results"] if one["status"] >= 300]
                assert not refused, refused[0]
                entries += len(answer["results"])
        client.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(_CLIENTS):
            group.create_task(send())
    return entries


def _commands(
    one: random.Random, list_id: str, people: Sequence[str], todos: int, more: int
) -> list[dict[str, Any]]:
    ids = [str(uuid.uuid4()) for _ in range(todos)]
    made: list[dict[str, Any]] = []
    for number, todo_id in enumerate(ids):
        fields: dict[str, Any] = {
            "id": todo_id,
            "title": " ".join(one.sample(_WORDS, 3)) + f" {number}",
            "priority": one.choice(_PRIORITIES),
            "labels": one.sample(_WORDS, one.randrange(3)),
        }
        if number % 3 == 0:
            fields["due_at"] = f"2030-{one.randint(1, 12):02}-{one.randint(1, 28):02}T12:00:00Z"
        if number % 10 == 9:
            fields["blocked_by"] = [ids[number - 1]]
        made.append({"type": "todo.create", "list_id": list_id, **fields})
    for number in range(more):
        todo_id = one.choice(ids)
        word = one.choice(_WORDS)
        made.append(
            {"todo_id": todo_id}
            | (
                {"type": "todo.update", "changes": {"title": f"{word} again {number}"}},
                {"type": "todo.update", "changes": {"priority": one.choice(_PRIORITIES)}},
                {"type": "todo.add_label", "label": f"{word} {number % 7}"},
                {"type": "todo.update", "changes": {"notes": f"note {number}"}},
                {"type": "todo.assign", "username": one.choice(people)},
                {"type": "todo.update", "changes": {"estimate_min": 1 + number}},
            )[number % 6]
        )
    return [{"op": str(uuid.uuid4()), **command} for command in made]


async def ask_next(origin: str, token: str, count: int) -> tuple[float, ...]:
    """Ask ``count`` times what to do next, one question after the other; give the seconds."""
    place = urlsplit(origin)
    client = await HttpClient.open(place.hostname or "", place.port or 80)
    request = (
        f"GET /api/v1/recommendations HTTP/1.1\r\nHost: lockstep.example\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    took = []
    for _ in range(count):
        began = time.perf_counter()
        answer = await client.ask(request)
        took.append(time.perf_counter() - began)
        assert len(answer["items"]) == 20, answer
        assert not answer["stale"]
    client.close()
    return tuple(took)
