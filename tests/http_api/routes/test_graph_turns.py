"""Hold how much of the graph's time one person may take."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any
from uuid import UUID

import pytest

from store.actor import Actor
from tests.http_api.service import Service, Someone
from tests.servers.deadline import eventually


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


async def test_who_waits_for_what_is_never_written_keeps_nobody_else_waiting(
    service: Service, ann: Someone, bob: Someone, eve: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not those who wait for their own write, and not themselves with any other question."""
    advisor = service.services.advisor
    monkeypatch.setattr(advisor, "_patience_s", 1_000.0)
    waiting = []
    for person in (ann, bob, eve):
        list_id = await person.new_list()
        for offset in range(10**6, 10**6 + 6):
            path = f"/lists/{list_id}/graph?min_offset={offset}"
            waiting.append(asyncio.create_task(person.get(path)))

    def all_wait() -> bool:
        watches = advisor._growth._watches.values()
        return sum(len(one.waiting) for one in watches) == 3 * 4

    await eventually(all_wait, "four questions of each are waited for, and two for their turn")
    dan = await service.register("dan")
    own = await dan.new_list()
    todo = await dan.new_todo(own)
    assert (await dan.done("GET", f"/lists/{own}/graph?min_offset={todo['offset']}"))[
        "stale"
    ] is False
    assert (await ann.get("/recommendations")).status_code == 200
    assert not any(one.done() for one in waiting)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await eventually(lambda: not advisor._growth._watches, "nobody looks any more")
