"""What Neo4j holds of all lists reaches those alone who are members of them now."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import httpx

from tests.graph_service.conftest import StartService
from tests.graph_service.graph_service import GraphService
from tests.servers.neo4j import Neo4jServer
from tests.servers.person import Person


async def _add(person: Person, list_id: str, title: str, **fields: Any) -> str:
    made = await person.call("POST", f"/lists/{list_id}/todos", {"title": title, **fields})
    return str(made["todo"]["id"])


async def _answer(person: Person, about: str) -> httpx.Response:
    path, _, query = about.partition("?")
    return await person.answer("GET", path, **dict(parse_qsl(query)))


async def _said(person: Person, paths: Sequence[str]) -> str:
    """Give all that is answered, refusals too, in one text."""
    return "\n".join([(await _answer(person, path)).text for path in paths])


def _inside(list_id: str, todo_id: str) -> list[str]:
    return [
        f"/lists/{list_id}/graph",
        f"/lists/{list_id}/critical-path",
        f"/lists/{list_id}/suggestions?title=milk",
        f"/people/suggestions?list={list_id}",
        f"/todos/{todo_id}/impact",
        f"/lists/{list_id}/graph?min_offset=1",
        f"/todos/{todo_id}/impact?min_offset=1",
    ]


async def test_what_one_was_put_out_of_is_told_no_more_however_late_the_graph_is(
    start_service: StartService, neo4j_server: Neo4jServer
) -> None:
    """Removed, or the list deleted, while no worker runs: the graph still takes them for theirs."""
    service = await start_service(neo4j_server, replicas=2, workers=1)
    ann, bob, eve = await service.people("ann", "bob", "eve")
    left, gone, own = await ann.make_list("Left"), await ann.make_list("Gone"), ""
    secrets = []
    for number, list_id in enumerate((left, gone)):
        for other in (bob, eve):
            await ann.share(list_id, other)
        milk = await _add(ann, list_id, "milk", labels=[f"secret-{number}"])
        cake = await _add(ann, list_id, "cake", blocked_by=[milk], assignees=[ann.username])
        done = await _add(ann, list_id, "milk and honey")
        await ann.call("PATCH", f"/todos/{done}", {"completed": True})
        secrets += [list_id, milk, cake, done, f"secret-{number}"]
    own = await bob.make_list("Own")
    await _add(bob, own, "milk")
    await service.until_even()
    about = ["/recommendations", f"/people/suggestions?list={own}"]
    about += [f"/lists/{own}/suggestions?title=milk"]
    told = await _said(bob, about)
    assert {left, gone, "secret-0", "secret-1", ann.username, eve.username} <= {
        one for one in (*secrets, ann.username, eve.username) if one in told
    }

    await service.workers[0].kill()
    await ann.call("DELETE", f"/lists/{left}/members/{bob.username}")
    await ann.call("DELETE", f"/lists/{gone}")
    for replica in service.replicas:  # one has answered before, the other has not
        bob.at = replica
        said = await _said(bob, [*about, *_inside(left, secrets[1]), *_inside(gone, secrets[6])])
        assert [one for one in (*secrets, ann.username, eve.username) if one in said] == []
    await service.start(replicas=0, workers=1)
    await service.until_even()
    said = await _said(bob, [*about, *_inside(left, secrets[1]), *_inside(gone, secrets[6])])
    assert [one for one in (*secrets, ann.username, eve.username) if one in said] == []


async def test_a_stranger_s_same_words_and_labels_count_for_nothing(service: GraphService) -> None:
    """Labels and terms with one name are one's own in each list; people are met in lists alone."""
    ann, eve = await service.people("ann", "eve")
    mine, hers = await ann.make_list("Groceries"), await eve.make_list("Groceries")
    for person, list_id, count in ((ann, mine, 1), (eve, hers, 5)):
        for _ in range(count):
            await _add(person, list_id, "milk", labels=["food", f"of {person.username[:3]}"])
            done = await _add(person, list_id, f"bread of {person.username[:3]}")
            await person.call("PATCH", f"/todos/{done}", {"completed": True})
    await service.until_even()

    hints = await ann.call("GET", f"/lists/{mine}/suggestions", title="milk")
    assert hints["labels"] == [{"label": "food", "count": 1}, {"label": "of ann", "count": 1}]
    said = await _said(ann, ["/recommendations", *_inside(mine, "")])
    assert eve.username not in said
    assert "of eve" not in said


async def test_of_another_s_list_and_todo_one_hears_what_one_hears_of_none(
    service: GraphService,
) -> None:
    """Word for word, whatever the offset asked for."""
    ann, eve = await service.people("ann", "eve")
    list_id = await ann.make_list()
    foot = await _add(ann, list_id, "foot")
    await _add(ann, list_id, "top", blocked_by=[foot])
    await service.until_even()
    keep = {"type", "title", "status", "detail", "code"}
    nowhere = _inside(str(uuid.uuid4()), str(uuid.uuid4()))
    for there, none in zip(_inside(list_id, foot), nowhere, strict=True):
        answers = [(await _answer(eve, path)).json() for path in (there, none)]
        assert answers[0]["status"] == 404
        first, second = ({one: said[one] for one in keep} for said in answers)
        assert first == second
