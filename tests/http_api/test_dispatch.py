"""Who asks is known by their token while that counts; what a route would not heed is refused."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from http_api.table import ENDPOINTS
from store.errors import Unavailable
from tests.http_api.routes.edge import open_edge
from tests.http_api.service import Service, fresh, serving
from tests.realtime.conftest import FakeClock
from tests.servers.deadline import eventually
from tests.servers.postgresql import TEMPLATE, PostgreSQL


async def accepted(get: Callable[[str], Awaitable[httpx.Response]]) -> None:
    """Ask until the token counts again: the look at the database is a real one."""

    async def counts() -> bool:
        return (await get("/me")).status_code == 200

    await eventually(counts, "an answer that is not 503")


async def test_a_server_without_word_from_its_database_takes_no_token(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After 10 s a session may have ended without its knowing: 503, until it hears again."""
    clock = FakeClock()
    async with open_edge(sqlite_url, clock, rate_limits=False) as edge, edge.member() as ann:

        async def nothing(*_: Any) -> Any:
            raise Unavailable("cut off")

        with monkeypatch.context() as cut:
            cut.setattr(edge.services.store, "heads", nothing)
            await clock.advance(9)
            assert (await ann.get("/me")).status_code == 200
            await clock.advance(1.5)
            for method, path in (("GET", "/me"), ("POST", "/lists"), ("POST", "/auth/logout")):
                refused = await ann.request(method, path)
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                assert refused.headers["retry-after"] == "1"
            assert (await ann.get("/me", headers={"Authorization": "Bearer x"})).status_code == 401
            ready = await ann.get("http://127.0.0.1:8000/health/ready")
            assert ready.status_code == 503
            live = await ann.get("http://127.0.0.1:8000/health/live")
            assert live.status_code == 200
        await clock.advance(1.5)
        await accepted(ann.get)


async def test_every_route_refuses_what_its_query_does_not_know(embedded: Service) -> None:
    """A parameter that nothing heeds was meant to do something."""
    ann = await embedded.register("ann")
    for endpoint in ENDPOINTS:
        if not endpoint.path.startswith("/api/v1/"):
            continue
        answer = await ann.http.request(
            endpoint.method,
            f"{_filled(endpoint.path)}?nobody_knows_this=1",
            headers={"Authorization": f"Bearer {ann.token}", "Content-Type": endpoint.body_type},
        )
        assert answer.status_code == 422, endpoint
        if endpoint.query is None:
            [error] = answer.json()["errors"]
            assert error["path"] == "nobody_knows_this"
    for path in ("/", "/docs", "/health/live", "/static/main.js", "/openapi.json"):
        assert (await ann.http.get(f"{path}?utm_source=mail")).status_code == 200


async def test_every_path_names_its_methods(embedded: Service) -> None:
    """Whatever else is asked of it is 405, also OPTIONS, and HEAD where nothing can be read."""
    methods: dict[str, set[str]] = {}
    for endpoint in ENDPOINTS:
        both = {"GET", "HEAD"} if endpoint.method == "GET" else {endpoint.method}
        methods.setdefault(endpoint.path, set()).update(both)
    for path, known in methods.items():
        for method in {"HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"} - known:
            answer = await embedded.http.request(method, _filled(path))
            assert answer.status_code == 405, (method, path)
            assert answer.headers["allow"] == ", ".join(sorted(known))
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_head_is_answered_like_a_get(embedded: Service) -> None:
    """The same fields; what reads the body is the server, which leaves it out."""
    ann = await embedded.register("ann")
    list_id = await ann.new_list()
    for path in (f"/lists/{list_id}", "/lists", "/me", f"/lists/{fresh()}"):
        read, asked = await ann.get(path), await ann.send("HEAD", path)
        assert asked.status_code == read.status_code
        for name in ("content-type", "content-length", "etag", "cache-control"):
            assert asked.headers.get(name) == read.headers.get(name), (path, name)


async def test_a_condition_that_a_write_would_not_heed_is_refused(embedded: Service) -> None:
    """If-Match where the answer has no ETag, If-None-Match on any write: never done regardless."""
    ann = await embedded.register("ann")
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET" or not endpoint.path.startswith("/api/v1/"):
            continue
        for name in ("If-Match", "If-None-Match"):
            if name == "If-Match" and endpoint.conditional:
                continue
            answer = await ann.send(
                endpoint.method,
                _filled(endpoint.path).removeprefix("/api/v1"),
                {},
                headers={name: '"x-1"'},
            )
            assert answer.status_code == 422, endpoint
            assert [error["path"] for error in answer.json()["errors"]] == [name]


async def test_every_line_of_a_condition_counts(embedded: Service) -> None:
    """Two fields are one list (RFC 9110 section 5.3)."""
    ann = await embedded.register("ann")
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    for path in (f"/lists/{list_id}", f"/todos/{todo['id']}"):
        etag = (await ann.get(path)).headers["etag"]
        for tags in (['"x-1"', etag], [etag, '"x-1"'], [f'"x-1", W/{etag}']):
            fields = [("Authorization", f"Bearer {ann.token}")]
            fields += [("If-None-Match", tag) for tag in tags]
            answer = await ann.http.get(f"/api/v1{path}", headers=fields)
            assert answer.status_code == 304, (path, tags)


def _filled(path: str) -> str:
    return re.sub(r"{[^}]+}", lambda _: fresh(), path)


async def test_a_frozen_postgresql_makes_a_server_refuse_at_once(
    own_postgresql: PostgreSQL,
) -> None:
    """Not one request after the other by its timeout; and it is over when the freeze is."""
    server = own_postgresql.process
    assert server is not None
    async with serving(database_url=own_postgresql.url(TEMPLATE)) as service:
        ann = await service.register("ann")
        server.pause()
        try:
            async with asyncio.timeout(30):
                while True:
                    began = time.monotonic()
                    refused = await ann.get("/me")
                    assert refused.status_code == 503
                    if "cut off" in refused.json()["detail"]:
                        break
            assert time.monotonic() - began < 2.0
        finally:
            server.resume()
        await accepted(ann.get)
