"""What browsers are told before and after a page of another origin asks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.http_api.service import Service, fresh, serving

LISTED = "https://todo.example.org"
FOREIGN = ["https://evil.example.org", "null", "http://127.0.0.1:8000"]


@pytest.fixture
async def listed(sqlite_url: str) -> AsyncIterator[Service]:
    """Give the service that allows two origins."""
    origins = f"{LISTED}, https://b.org"
    async with serving(database_url=sqlite_url, allowed_origins=origins) as running:
        yield running


async def asked(service: Service, origin: str = LISTED, **fields: str) -> httpx.Response:
    """Send a preflight for a POST, with further or other fields."""
    given = {"Access-Control-Request-Method": "POST", "Origin": origin}
    given |= {name.replace("_", "-"): value for name, value in fields.items()}
    return await service.http.options("/api/v1/lists", headers=given)


async def test_pages_of_listed_origins_may_use_the_service(listed: Service) -> None:
    """They are told so before and after, on refusals too, and get no cookie."""
    named = "authorization,content-type,idempotency-key,if-match,if-none-match,x-request-id"
    before = await asked(listed, Access_Control_Request_Headers=named)
    assert before.status_code == 204
    assert before.content == b""
    assert before.headers["access-control-allow-origin"] == LISTED
    assert "Idempotency-Key" in before.headers["access-control-allow-headers"]
    assert "DELETE" in before.headers["access-control-allow-methods"]
    assert "origin" in before.headers["vary"].lower()
    ann = await listed.register("ann")
    made = await ann.post("/lists", {"title": "x"}, headers={"Origin": LISTED})
    refused = await listed.nobody.get("/lists", origin=LISTED)
    assert (made.status_code, refused.status_code) == (201, 401)
    for answer in (made, refused):
        assert answer.headers["access-control-allow-origin"] == LISTED
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
    for answer in (before, made, refused):
        assert "access-control-allow-credentials" not in answer.headers


async def test_a_preflight_has_a_request_id_and_the_security_fields(listed: Service) -> None:
    """Like every answer: the caller's id, if it sent a sane one."""
    for origin in (LISTED, *FOREIGN):
        own = await asked(listed, origin, X_Request_ID="mine-1")
        given = await asked(listed, origin, X_Request_ID="<script>")
        assert own.headers["x-request-id"] == "mine-1"
        assert len(given.headers["x-request-id"]) == 32
        assert own.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("origin", FOREIGN)
async def test_other_pages_may_not_read(listed: Service, origin: str) -> None:
    """With a list, not even the address itself counts unless it is on it."""
    before = await asked(listed, origin)
    read = await listed.nobody.get("/lists", origin=origin)
    assert (before.status_code, before.json()["code"]) == (403, "cross_site")
    assert before.json()["request_id"] == before.headers["x-request-id"]
    for answer in (before, read):
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "fields",
    [
        {"Access_Control_Request_Method": "TRACE"},
        {"Access_Control_Request_Method": ""},
        {"Access_Control_Request_Headers": "x-evil"},
        {"Access_Control_Request_Headers": "authorization,cookie"},
        {"Access_Control_Request_Headers": ","},
    ],
)
async def test_what_nobody_may_send_is_refused_beforehand(
    listed: Service, fields: dict[str, str]
) -> None:
    """By a problem that says which part, so that a developer finds it in the browser's tools."""
    before = await asked(listed, **fields)
    assert before.status_code == 403
    assert before.headers["content-type"] == "application/problem+json"
    word = "method" if "Access_Control_Request_Method" in fields else "headers"
    assert word in before.json()["detail"]


async def test_an_options_that_is_no_preflight_is_told_the_methods(listed: Service) -> None:
    """Without a method to ask about, or from no page at all."""
    for fields in ({}, {"Origin": LISTED}, {"Access-Control-Request-Method": "POST"}):
        answer = await listed.http.options("/api/v1/lists", headers=fields)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_without_a_list_nobody_else_may_read(embedded: Service) -> None:
    """No CORS fields at all."""
    read = await embedded.nobody.get("/lists", origin="http://127.0.0.1:8000")
    assert not [name for name in read.headers if name.startswith("access-control")]
    assert (await asked(embedded)).status_code == 405


async def test_an_ambiguous_preflight_is_malformed(listed: Service) -> None:
    """Two origins are none."""
    fields = [("Origin", LISTED), ("Origin", f"https://{fresh()}.org")]
    fields.append(("Access-Control-Request-Method", "POST"))
    answer = await listed.http.options("/api/v1/lists", headers=fields)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
