"""Hold what a request's log line says of what it was about."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
import structlog

from http_api.logs import configure_logs
from tests.http_api.routes.edge import open_edge


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Collect the log as JSON lines."""
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    yield stream
    structlog.reset_defaults()


@pytest.fixture
async def ann(sqlite_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of ann, who is logged in."""
    async with open_edge(sqlite_url) as edge, edge.member() as client:
        yield client


def last_request(lines: io.StringIO) -> dict[str, Any]:
    """Give the last line of the access log."""
    found = [orjson.loads(line) for line in lines.getvalue().splitlines()]
    last: dict[str, Any] = [event for event in found if event["event"] == "request"][-1]
    return last


async def test_a_write_tells_its_list_and_its_offset(
    ann: httpx.AsyncClient, lines: io.StringIO
) -> None:
    """Made by path, by the todo's id alone, and as a batch: whoever looks for an entry finds it."""
    made = (await ann.post("/lists", json={"title": "Groceries"})).json()
    own = made["list"]["id"]
    said = last_request(lines)
    assert (said["list"], said["offset"]) == (own, made["offset"])

    todo = (await ann.post(f"/lists/{own}/todos", json={"title": "milk"})).json()
    said = last_request(lines)
    assert (said["list"], said["offset"]) == (own, todo["offset"])

    changed = (await ann.patch(f"/todos/{todo['todo']['id']}", json={"completed": True})).json()
    said = last_request(lines)
    assert (said["list"], said["offset"]) == (own, changed["offset"])

    more = [
        {"type": "todo.create", "op": str(uuid4()), "list_id": own, "title": title}
        for title in ("bread", "butter")
    ]
    results = (await ann.post("/commands", json={"commands": more})).json()["results"]
    said = last_request(lines)
    assert (said["list"], said["offset"]) == (own, results[-1]["body"]["offset"])


async def test_a_read_tells_its_list_and_no_offset(
    ann: httpx.AsyncClient, lines: io.StringIO
) -> None:
    """As far as its path names one; what is no id is not repeated."""
    inbox = (await ann.get("/lists")).json()["lists"][0]["id"]
    assert "list" not in last_request(lines)
    await ann.get(f"/lists/{inbox}")
    said = last_request(lines)
    assert said["list"] == inbox
    assert "offset" not in said
    await ann.get("/lists/secret-words")
    assert "list" not in last_request(lines)


async def test_what_goes_to_several_lists_names_none(
    ann: httpx.AsyncClient, lines: io.StringIO
) -> None:
    """An offset without its list would lead astray."""
    one, other = [
        (await ann.post("/lists", json={"title": "x"})).json()["list"]["id"] for _ in "ab"
    ]
    batch = [
        {"type": "todo.create", "op": str(uuid4()), "list_id": own, "title": "y"}
        for own in (one, other)
    ]
    assert (await ann.post("/commands", json={"commands": batch})).status_code == 200
    said = last_request(lines)
    assert "list" not in said
    assert "offset" not in said
