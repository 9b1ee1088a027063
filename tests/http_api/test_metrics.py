"""What a process shows of itself."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from http_api.app import Application
from http_api.openapi import openapi_document
from http_api.problems import TITLES
from http_api.settings import Settings
from http_api.table import ENDPOINTS
from http_api.worker_pages import WorkerSeats
from realtime import codes
from tests.http_api.service import ORIGIN, SECRET, Service, serving
from tests.http_api.socket_client import SocketClient
from tests.servers.deadline import eventually
from tests.servers.person import Person
from tests.servers.replica import Replica

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(page: str) -> Samples:
    """Read a page in Prometheus' text format; no series may be there twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float:
    """Give one figure; 0 when there is no such series yet."""
    return samples.get((name, frozenset(labels.items())), 0.0)


async def ask(replica: Replica) -> Samples:
    """Ask a replica for its metrics."""
    async with httpx.AsyncClient(trust_env=False, timeout=15) as http:
        answer = await http.get(f"{replica.origin}/metrics")
    assert answer.status_code == 200
    return read(answer.text)


async def test_a_replica_tells_what_it_did(replica: Replica) -> None:
    """Somebody writes, follows, is refused and goes: each of it is a figure that makes sense."""
    ann = await Person.register(replica)
    groceries = await ann.make_list()
    before = await ask(replica)
    sockets = [await SocketClient.open(replica.websocket) for _ in range(2)]
    joined: dict[str, Any] = {}
    for one in sockets:
        await one.call("connect", token=ann.access_token)
        joined = await one.call("subscribe", channel=f"list:{groceries}")
    for title in ("milk", "bread", "salt"):
        await ann.call("POST", f"/lists/{groceries}/todos", {"title": title})
    for one in sockets:
        for _ in range(3):
            await one.take(lambda message: "pub" in message.get("push", {}))
    await sockets[0].call("subscribe", channel=f"list:{uuid4()}")
    await sockets[0].call("rpc", method="todo.delete", data={"op": str(uuid4()), "todo_id": "x"})
    assert (await ann.answer("GET", f"/lists/{uuid4()}")).status_code == 404
    now = await ask(replica)
    assert value(now, "lockstep_connections", carrier="websocket", encoding="json") == 2
    assert value(now, "lockstep_subscriptions", kind="list") == 2
    assert value(now, "lockstep_subscriptions", kind="user") == 2
    for name, expected in (
        ("lockstep_publications_total", 3),
        ("lockstep_deliveries_total", 6),
        ("lockstep_commit_to_delivery_seconds_count", 6),
        ("lockstep_slow_readers_total", 0),
        ("lockstep_gaps_total", 0),
    ):
        assert value(now, name) - value(before, name) == expected, name
    assert 0 < value(now, "lockstep_commit_to_delivery_seconds_sum") < 600
    assert value(now, "lockstep_bus_state", state="healthy") == 1
    assert value(now, "lockstep_bus_state", state="degraded") == 0
    assert value(now, "lockstep_ready") == 1
    assert 0 <= value(now, "lockstep_head_poll_lag_seconds") < 10
    todos = {"method": "POST", "route": "/api/v1/lists/{list_id}/todos"}
    assert value(now, "http_requests_total", **todos, status="201") == 3
    assert value(now, "http_request_duration_seconds_count", **todos) == 3
    assert value(now, "lockstep_refusals_total", kind="error", code="103") == 1
    assert value(now, "lockstep_refusals_total", kind="error", code="invalid") == 1
    assert value(now, "lockstep_refusals_total", kind="problem", code="not_found") == 1
    assert value(now, "process_cpu_seconds_total") > 0
    assert value(now, "process_open_fds") > 2
    resumed = await SocketClient.open(replica.websocket)
    await resumed.call("connect", token=ann.access_token)
    position = {"epoch": joined["subscribe"]["epoch"], "offset": joined["subscribe"]["offset"]}
    await resumed.call("subscribe", channel=f"list:{groceries}", recover=True, **position)
    now = await ask(replica)
    assert value(now, "lockstep_catch_ups_total", outcome="recovered") == 1
    for one in (*sockets, resumed):
        await one.close()

    async def nobody_left() -> bool:
        return value(await ask(replica), "lockstep_subscriptions", kind="list") == 0

    await eventually(nobody_left, "everybody gone", within_s=30)
    await ann.call("POST", "/auth/logout")


async def test_no_login_and_no_database_is_needed(embedded: Service) -> None:
    """Who watches must see most when least works; only a process without parts says nothing."""
    await embedded.services.store.aclose()
    answer = await embedded.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    head = await embedded.http.head("/metrics")
    assert (head.status_code, head.headers["content-type"]) == (200, answer.headers["content-type"])
    idle = Application(Settings(_env_file=None, secret_key=SECRET))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(idle), base_url=ORIGIN) as http:
        assert (await http.get("/metrics")).status_code == 503


def test_the_reference_tells_of_it() -> None:
    """As text, without a login."""
    told = openapi_document(ENDPOINTS)["paths"]["/metrics"]["get"]
    assert told["security"] == []
    assert told["responses"]["200"]["content"] == {"text/plain": {}}


async def test_who_accepts_openmetrics_gets_it(embedded: Service) -> None:
    """As Prometheus asks; whatever else the field holds is the text format."""
    accept = (
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    )
    answer = await embedded.http.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"] == (
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    )
    assert answer.text.endswith("# EOF\n")
    families = openmetrics.text_string_to_metric_families
    found = {one.name for one in families(answer.text)}  # type: ignore[no-untyped-call]
    assert {"lockstep_build", "http_requests", "lockstep_commit_to_delivery_seconds"} <= found
    for odd in ("", "text/plain; version=x", "application/json", "\x7f;;q=,,"):
        other = await embedded.http.get("/metrics", headers={"Accept": odd})
        assert other.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_hostile_requests_make_no_labels(embedded: Service) -> None:
    """Paths, methods and ids that nobody knows are counted under what is known."""
    ann = await embedded.register("ann")
    for number in range(30):
        for path in (f"/made/up/{number}", f"/api/v1/{uuid4()}", f"/api/v1/lists/{uuid4()}"):
            await embedded.http.request(f"M{number}", path)
            await ann.get(f"/lists/{uuid4()}")
        await ann.send("POST", "/commands", {"commands": [{"type": f"made.up{number}"}]})
        await embedded.http.get("/api/v1/lists", headers={"Authorization": f"Bearer {uuid4()}"})
        await embedded.http.get(f"/api/v1/invites/{'x' * number}%0A%ED%9F%BF%22/accept")
    now = read((await embedded.http.get("/metrics")).text)
    seen: dict[str, set[str]] = {}
    for _, labels in now:
        for name, label in labels:
            seen.setdefault(name, set()).add(label)
    assert seen["route"] <= {one.path for one in ENDPOINTS} | {"none"}
    assert seen["method"] <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "other"}
    assert seen["code"] <= TITLES.keys()
    assert all(re.fullmatch("[1-5][0-9][0-9]", status) for status in seen["status"])
    assert len(now) < 400
    unknown = value(now, "http_requests_total", method="other", route="none", status="404")
    assert unknown == 60


async def test_nothing_of_anybody_is_told(embedded: Service) -> None:
    """No title, text, name, id, token or key, though all of it has just been through here."""
    ann, bob = await embedded.register("ann"), await embedded.register("bob")
    title, text = "Marzipan for the zeppelin", "quixotic text"
    groceries = await ann.new_list(title)
    await ann.share(groceries, bob)
    todo = await ann.new_todo(groceries, title, labels=["zeppelin"])
    await ann.post("/messages", {"to": bob.username, "text": text})
    made = await ann.done("POST", f"/lists/{groceries}/invites", {"role": "viewer"})
    await bob.post(f"/invites/{made['token']}/accept")
    await ann.get(f"/todos?q={title}")
    page = (await embedded.http.get("/metrics")).text
    for secret in (
        *("Marzipan", "zeppelin", "quixotic", made["token"], SECRET),
        *(ann.username, ann.id, ann.token, bob.username, bob.id, bob.token),
        *(groceries, todo["id"]),
    ):
        assert secret not in page
    known = {*TITLES, *(str(one.code) for one in vars(codes).values() if hasattr(one, "code"))}
    told = {label for _, labels in read(page) for name, label in labels if name == "code"}
    assert told <= known


async def test_two_apps_in_a_process_count_apart(embedded: Service, tmp_path: Path) -> None:
    """Nothing is global."""
    url = f"sqlite:///{tmp_path / 'other.db'}"
    async with serving(database_url=url) as other:
        await embedded.http.get("/nowhere")
        [mine, theirs] = [read((await one.http.get("/metrics")).text) for one in (embedded, other)]
    nowhere = {"method": "GET", "route": "none", "status": "404"}
    assert value(mine, "http_requests_total", **nowhere) == 1
    assert value(theirs, "http_requests_total", **nowhere) == 0


async def test_processes_that_share_a_port_show_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is asked; and what was shown once is never taken back."""
    monkeypatch.setattr("http_api.metrics._SHOWN_EVERY_S", 3_600.0)
    shared = tmp_path / "shared"
    shared.mkdir()
    seats = WorkerSeats(shared)

    def app(name: str) -> Application:
        settings = Settings(
            _env_file=None, secret_key=SECRET, database_url=f"sqlite:///{tmp_path / name}"
        )
        return Application(settings, seats.take())

    apps = [app("one.db"), app("two.db")]
    async with apps[0].running(), apps[1].running():
        clients = [
            httpx.AsyncClient(transport=httpx.ASGITransport(one), base_url=ORIGIN) for one in apps
        ]
        await asyncio.sleep(0)  # both have shown themselves once
        nowhere: dict[str, Any] = {"method": "GET", "route": "none", "status": "404"}
        for times in (1, 2, 3):
            await clients[0].get("/nowhere")
            found = read((await clients[0].get("/metrics")).text)
            assert value(found, "http_requests_total", worker="0", **nowhere) == times
            found = read((await clients[1].get("/metrics")).text)
            assert value(found, "http_requests_total", worker="0", **nowhere) == times
            assert value(found, "http_requests_total", worker="1", **nowhere) == 0
            assert value(found, "lockstep_ready", worker="1") == 1
            assert all("worker" in dict(labels) for _, labels in found)
        (shared / "0.prom").unlink()
        shared.rename(tmp_path / "moved")  # the disk is gone: each still tells of itself
        found = read((await clients[1].get("/metrics")).text)
        assert {dict(labels)["worker"] for _, labels in found} == {"1"}
        for one in clients:
            await one.aclose()
