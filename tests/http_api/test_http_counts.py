"""The counters of the HTTP edge: few, whatever is asked for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from http_api.boundary import Boundary
from http_api.http_counts import HttpCounts
from http_api.socket_door import STREAM_PATH
from http_api.trail import trail_of
from store.errors import NotFound
from tests.http_api.service import ORIGIN


@given(st.lists(st.text(max_size=9), min_size=1))
def test_a_method_that_no_route_knows_is_other(methods: list[str]) -> None:
    """Who makes words up makes no series."""
    counts = HttpCounts()
    for method in methods:
        counts.answered(method, "", 404, 0.001)
    known = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
    assert {key[0] for key in counts.requests} <= known | {"other"}
    assert {key[1:] for key in counts.requests} == {("none", 404)}
    assert sum(counts.requests.values()) == len(methods)


def test_requests_are_counted_by_route_and_status() -> None:
    """And timed by route; a stream lasts as long as its client stays, which is no time to tell."""
    counts = HttpCounts()
    counts.answered("GET", "/api/v1/lists", 200, 0.004)
    counts.answered("GET", "/api/v1/lists", 200, 0.2)
    counts.answered("GET", "/api/v1/lists", 401, 0.001)
    counts.answered("POST", STREAM_PATH, 200, 3_600.0)
    assert counts.requests == {
        ("GET", "/api/v1/lists", 200): 2,
        ("GET", "/api/v1/lists", 401): 1,
        ("POST", STREAM_PATH, 200): 1,
    }
    [(labels, took)] = counts.durations.items()
    assert labels == ("GET", "/api/v1/lists")
    assert took.count == 3
    assert took.sum_s == pytest.approx(0.205)


async def test_the_boundary_counts_what_it_logs() -> None:
    """An answer, a refusal and a mistake of ours, each once."""
    counts = HttpCounts()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        trail_of(scope).route = scope["path"]
        if scope["path"] == "/missing":
            raise NotFound
        if scope["path"] == "/broken":
            raise RuntimeError
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(Boundary(app, counts), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        for path in ("/", "/missing", "/broken", "/missing"):
            await http.get(path)
    assert counts.requests == {
        ("GET", "/", 204): 1,
        ("GET", "/missing", 404): 2,
        ("GET", "/broken", 500): 1,
    }
    assert counts.refusals == {"not_found": 2, "internal": 1}
    assert sum(took.count for took in counts.durations.values()) == 4
