"""Bad input over HTTP: the named answer, nothing half-written, and the service goes on."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from http_api.body import MAX_BODY_BYTES
from tests.http_api.service import PASSWORD, Service, Someone, fresh


@pytest.fixture
async def carl(embedded: Service) -> Someone:
    """Give someone who never gets as far as the database, so one engine is enough."""
    return await embedded.register("carl")


async def refused(
    person: Someone, list_id: str, status: int, *, content: bytes | None = None, json: Any = None
) -> dict[str, Any]:
    """Send what must be refused with ``status``, and see that nothing was written."""
    answer = await person.post(f"/lists/{list_id}/todos", json, content=content)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await person.head(list_id) == 2
    problem: dict[str, Any] = answer.json()
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


@pytest.mark.parametrize(
    "content",
    [
        b"nonsense",
        b"{",
        b'{"title":"a"} trailing',
        b'\xef\xbb\xbf{"title":"a"}',
        b"[]",
        b'"title"',
        b"7",
        b"null",
        b'{"title":"a","title":"b"}',
        b'{"title":"a","estimate_min":NaN}',
        b'{"title":"a","estimate_min":-Infinity}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"title":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"title":"\xff"}',
        b'{"estimate_min":' + b"9" * 5_000 + b',"title":"a"}',
    ],
)
async def test_what_does_not_parse_is_400(carl: Someone, content: bytes) -> None:
    """One clear JSON object, or nothing."""
    list_id = await carl.new_list()
    assert (await refused(carl, list_id, 400, content=content))["code"] == "malformed"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "title"),
        ({"title": None}, "title"),
        ({"title": 5}, "title"),
        ({"title": True}, "title"),
        ({"title": ["a"]}, "title"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "a" * 201}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "a", "notes": "n" * 10_001}, "notes"),
        ({"title": "a", "priority": "urgent"}, "priority"),
        ({"title": "a", "estimate_min": 0}, "estimate_min"),
        ({"title": "a", "estimate_min": "5"}, "estimate_min"),
        ({"title": "a", "estimate_min": 1.5}, "estimate_min"),
        ({"title": "a", "estimate_min": 2**53 + 1}, "estimate_min"),
        ({"title": "a", "due_at": "0001-01-01T00:00:00Z"}, "due_at"),
        ({"title": "a", "due_at": "9999-12-31T23:59:59-12:00"}, "due_at"),
        ({"title": "a", "due_at": "2030-01-01T00:00:00"}, "due_at"),
        ({"title": "a", "due_at": 1_900_000_000}, "due_at"),
        ({"title": "a", "due_at": "1900000000"}, "due_at"),
        ({"title": "a", "due_at": "1.9e9"}, "due_at"),
        ({"title": "a", "due_at": "-1"}, "due_at"),
        ({"title": "a", "due_at": "2030-01-01"}, "due_at"),
        ({"title": "a", "due_at": "2030-W01-1T00:00:00Z"}, "due_at"),
        ({"title": "a", "due_at": "2030-02-30T00:00:00Z"}, "due_at"),
        ({"title": "a", "due_at": "2016-12-31T23:59:60Z"}, "due_at"),  # leap seconds are not kept
        ({"title": "a", "due_at": "2030-01-01T24:00:00Z"}, "due_at"),
        ({"title": "a", "due_at": "2030-01-01T00:00:00+24:00"}, "due_at"),
        ({"title": "a", "due_at": "2030-01-01T00:00:00+01:00:30"}, "due_at"),
        ({"title": "a", "due_at": "２030-01-01T00:00:00Z"}, "due_at"),
        ({"title": "a", "due_at": " 2030-01-01T00:00:00Z"}, "due_at"),
        ({"title": "a", "due_at": "now"}, "due_at"),
        ({"title": "a", "labels": ["x"] * 21}, "labels"),
        ({"title": "a", "labels": ["x" * 51]}, "labels.0"),
        ({"title": "a", "labels": [{}]}, "labels.0"),
        ({"title": "a", "labels": ["x", ".."]}, "labels.1"),  # no URL could name it
        ({"title": "a", "labels": [" . "]}, "labels.0"),
        ({"title": "a", "assignees": ["nobody-here"]}, "assignees.0"),
        ({"title": "a", "blocked_by": [fresh()]}, "blocked_by.0"),
        ({"title": "a", "after": fresh()}, "after"),
        ({"title": "a", "id": "1"}, "id"),
        ({"title": "a", "op": 7}, "op"),
        # What the command does not name, nobody sets from outside.
        ({"title": "a", "owner_id": fresh()}, "owner_id"),
        ({"title": "a", "list_id": fresh()}, "list_id"),
        ({"title": "a", "seq": 1}, "seq"),
        ({"title": "a", "offset": 1}, "offset"),
        ({"title": "a", "role": "owner"}, "role"),
        ({"title": "a", "created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"title": "a", "created_by": fresh()}, "created_by"),
        ({"title": "a", "position": "a0"}, "position"),
        ({"title": "a", "completed": True}, "completed"),
        ({"title": "a", "type": "todo.create"}, "type"),
        ({"title": "a", "__proto__": {"admin": True}}, "__proto__"),
    ],
)
async def test_what_breaks_a_rule_is_422_by_path(
    carl: Someone, body: dict[str, Any], path: str
) -> None:
    """The path names the field; nothing is converted, and nothing is written."""
    list_id = await carl.new_list()
    problem = await refused(carl, list_id, 422, json=body)
    assert [error["path"] for error in problem["errors"]] == [path]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01t00:00:00z", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01 00:00:00-00:00", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01T00:00:00+14:00", "2029-12-31T10:00:00.000Z"),
        ("2030-01-01T00:00:00-23:59", "2030-01-01T23:59:00.000Z"),
        ("2030-01-01T00:00:00.123999999Z", "2030-01-01T00:00:00.123Z"),
        ("2032-02-29T23:59:59Z", "2032-02-29T23:59:59.000Z"),
        ("2030-01-01T00:00Z", "2030-01-01T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ],
)
async def test_a_time_is_kept_in_utc(carl: Someone, given: str, kept: str) -> None:
    """Whatever offset it was written with (RFC 3339), to the millisecond."""
    todo = await carl.new_todo(await carl.new_list(), due_at=given)
    assert todo["due_at"] == kept
    found = await carl.get(f"/todos?due_before={quote(kept)}")
    assert found.status_code == 200


async def test_half_a_surrogate_pair_is_422(carl: Someone) -> None:
    """Well-formed JSON that is no text."""
    list_id = await carl.new_list()
    problem = await refused(carl, list_id, 422, content=b'{"title":"a\\ud800"}')
    assert problem["errors"][0]["path"] == "title"


async def test_a_number_too_large_to_be_one_is_422(carl: Someone) -> None:
    """1e400 is infinite to most parsers."""
    list_id = await carl.new_list()
    await refused(carl, list_id, 422, content=b'{"title":"a","estimate_min":1e400}')


@pytest.mark.parametrize(
    "title",
    [
        "👩\u200d👩\u200d👧 買い物",
        "\u202egnp.exe",
        "'; DROP TABLE todos; --",
        "<img src=x onerror=alert(1)>",
        "100% _ \\",
        "{{7*7}} ${x}",
        "\r\n\x1b[31mred",
        "a" + "\u0301" * 150,
    ],
)
async def test_strange_text_is_text(ann: Someone, title: str) -> None:
    """It comes out as it went in."""
    list_id = await ann.new_list()
    assert (await ann.new_todo(list_id, title))["title"] == title.strip()


async def test_titles_count_code_points_after_trimming(ann: Someone) -> None:
    """200 of them, far ones too."""
    list_id = await ann.new_list()
    title = "😀" * 200
    assert (await ann.new_todo(list_id, f"  {title}\n"))["title"] == title
    answer = await ann.post(f"/lists/{list_id}/todos", {"title": title + "x"})
    assert answer.status_code == 422


async def test_a_body_over_the_limit_is_413(carl: Someone) -> None:
    """Whatever it says, and before anything looks at it."""
    list_id = await carl.new_list()
    content = b'{"title":"' + b"a" * MAX_BODY_BYTES + b'"}'
    assert (await refused(carl, list_id, 413, content=content))["code"] == "too_large"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_another_content_type_is_415(carl: Someone, kind: str) -> None:
    """An HTML form cannot speak JSON."""
    list_id = await carl.new_list()
    answer = await carl.send(
        "POST", f"/lists/{list_id}/todos", content=b'{"title":"a"}', headers={"Content-Type": kind}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert await carl.head(list_id) == 2


@pytest.mark.parametrize("odd", ["\x00", "a\x00b", "\ufffe", "x" * 20_000, "%", "'\"\\", "😀"])
async def test_odd_text_is_no_mistake_of_ours(ann: Someone, service: Service, odd: str) -> None:
    """Wherever a name, a token or a position is read: refused or not found, on both engines."""
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/auth/login", {"username": odd, "password": PASSWORD}),
        ("POST", "/auth/login", {"username": ann.username, "password": odd}),
        ("POST", "/auth/register", {"username": odd, "password": PASSWORD}),
        ("POST", "/auth/register", {"username": "a", "password": PASSWORD, "email": odd}),
        ("POST", "/auth/refresh", {"refresh_token": odd}),
        ("POST", "/messages", {"to": odd, "text": "x"}),
        ("POST", f"/todos/{todo['id']}/move", {"after": odd}),
        ("PATCH", f"/todos/{todo['id']}", {"due_at": odd}),
        ("POST", f"/lists/{list_id}/todos", {"title": "x", "assignees": [odd]}),
        ("POST", f"/lists/{list_id}/invites", {"role": odd}),
        ("POST", "/commands", {"commands": [{"type": odd, "op": odd}]}),
    ]
    for method, path, body in bodies:
        answer = await ann.send(method, path, body)
        assert answer.status_code in {401, 404, 422}, (path, body, answer.text)
    short = quote(odd[:1_000], safe="")
    for method, path in (
        ("GET", f"/lists/{list_id}/changes?epoch={short}"),
        ("GET", f"/todos?cursor={short}"),
        ("GET", f"/todos?list={short}"),
        ("GET", f"/lists/{short}"),
        ("POST", f"/invites/{short}/accept"),
        ("PUT", f"/todos/{todo['id']}/assignees/{short}"),
        ("PUT", f"/todos/{todo['id']}/blocked_by/{short}"),
        ("DELETE", f"/me/sessions/{short}"),
    ):
        answer = await ann.send(method, path)
        assert answer.status_code in {404, 410, 422}, (path, answer.text)
    assert await ann.head(list_id) == 3


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=0",
        "limit=1001",
        "limit=1e9",
        "since=-1",
        "since=x",
        "order=desc",
        "since=1&since=1",
        "limit=' OR 1=1",
    ],
)
async def test_a_page_has_bounds(carl: Someone, query: str) -> None:
    """422 with the parameter's name."""
    list_id = await carl.new_list()
    answer = await carl.get(f"/lists/{list_id}/changes?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == query.partition("=")[0]


CROSS_SITE = [
    {"Origin": "https://evil.example.org"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9000"},
    {"Origin": "http://127.0.0.1:8000.evil.example.org"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example.org", "Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("headers", CROSS_SITE)
async def test_no_foreign_page_can_write(embedded: Service, headers: dict[str, str]) -> None:
    """Every state-changing route refuses, also those that read the cookie or no token at all."""
    from http_api.table import ENDPOINTS

    ann = await embedded.register("ann")
    fields = {**headers, "Authorization": f"Bearer {ann.token}"}
    form = {**fields, "Content-Type": "application/x-www-form-urlencoded"}
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET":
            continue
        path = endpoint.path
        for answer in (
            await ann.http.request(endpoint.method, path, json={}, headers=fields),
            await ann.http.request(endpoint.method, path, content=b"a=1", headers=form),
            await ann.http.request(endpoint.method, path, headers=fields),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site"), path


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
)
async def test_the_own_page_and_native_clients_can_write(
    embedded: Service, headers: dict[str, str]
) -> None:
    """What the page's browser sends, and what curl does."""
    ann = await embedded.register("ann")
    assert (await ann.post("/lists", {"title": "x"}, headers=headers)).status_code == 201


async def test_every_route_of_the_interface_asks_for_a_token(embedded: Service) -> None:
    """Unless its entry in the table says that it is public."""
    from http_api.table import ENDPOINTS

    for endpoint in ENDPOINTS:
        if endpoint.public:
            continue
        path = endpoint.path.removeprefix("/api/v1")
        for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}):
            answer = await embedded.nobody.send(endpoint.method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path
            assert answer.headers["www-authenticate"].startswith("Bearer")
        answer = await embedded.nobody.send(
            endpoint.method, path, headers={"Authorization": "Bearer x.y.z"}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid"), path


async def test_a_session_that_ended_is_refused_at_once(embedded: Service) -> None:
    """The token itself would count for another half hour."""
    ann = await embedded.register("ann")
    assert (await ann.get("/lists")).status_code == 200
    assert (await ann.post("/auth/logout", {})).status_code == 204
    answer = await ann.get("/lists")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
