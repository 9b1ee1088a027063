"""A connection over the answer to an HTTP request: lines at once, and a reason before the end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from realtime.replica import Replica
from tests.realtime.conftest import Service


class Stream:
    """Hold one request to a replica and what its answer brought so far."""

    def __init__(self, replica: Replica, *commands: dict[str, Any]) -> None:
        self.requests: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answer: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        first = "\n".join(json.dumps(command) for command in commands).encode()
        self.app = asyncio.create_task(
            replica.stream(self.requests.get, self.answer.put, first)  # type: ignore[arg-type]
        )

    async def next(self) -> dict[str, Any]:
        """Give the next message of the answer."""
        return await asyncio.wait_for(self.answer.get(), 15)


@pytest.fixture
def service(embedded: Service) -> Service:
    """Say that neither the engine nor the bus is the point here."""
    return embedded


async def test_each_line_comes_at_once_while_the_answer_stays_open(service: Service) -> None:
    """The reply, then a publication, each complete with its newline; leaving ends it."""
    replica = await service.replica()
    anna = await service.person("anna")
    stream = Stream(replica, {"id": 1, "connect": {"token": service.token(anna)}})
    assert (await stream.next())["status"] == 200
    reply = await stream.next()
    assert reply["more_body"]
    assert reply["body"].endswith(b"\n")
    assert "connect" in json.loads(reply["body"])
    await service.do(anna, "list.create", at=replica, id=str(anna.id), title="Groceries")
    entry = await stream.next()
    assert entry["more_body"]
    assert "push" in json.loads(entry["body"].splitlines()[0])
    stream.requests.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(stream.app, 15)
    assert not replica.connections


@pytest.mark.parametrize(
    ("command", "code"),
    [({"id": 1, "connect": {"token": "no"}}, 3500), ({"id": 1, "rpc": {"method": "x"}}, 3501)],
)
async def test_the_last_line_says_why_the_server_ends(
    service: Service, command: dict[str, Any], code: int
) -> None:
    """An SDK learns from the code whether to come again."""
    replica = await service.replica()
    stream = Stream(replica, command)
    await stream.next()
    end = await stream.next()
    assert not end["more_body"]
    assert json.loads(end["body"])["push"]["disconnect"]["code"] == code
    await asyncio.wait_for(stream.app, 15)
    assert not replica.connections
