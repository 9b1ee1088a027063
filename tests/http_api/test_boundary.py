"""Hold what every answer has, and what no answer and no log line tells."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
import structlog
from starlette.requests import Request

from http_api.boundary import Boundary
from http_api.logs import configure_logs, escape
from tests.http_api.service import ORIGIN, Service

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Collect the log as JSON lines."""
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    yield stream
    structlog.reset_defaults()


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    """Read the log: every line one event."""
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


async def fetch(app: Any, path: str = "/", **headers: str) -> httpx.Response:
    """Send one request into an app."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        return await http.get(path, headers=headers)


async def test_every_answer_has_a_request_id_and_the_security_fields(embedded: Service) -> None:
    """Pages, problems, JSON and files alike."""
    for path in ("/", "/docs", "/api/v1/lists", "/nowhere", "/health/live", "/static/main.js"):
        answer = await embedded.http.get(path)
        assert len(answer.headers["x-request-id"]) == 32, path
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("check-7", True),
        ("0af7651916cd43dd8448eb211c80319c", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("a b", False),
        ("<script>", False),
        ('x","level":"fatal', False),
        ("\u00e9", False),
    ],
)
async def test_a_sane_request_id_is_kept(embedded: Service, given: str, kept: bool) -> None:
    """So that a caller finds its request in our log; anything else is replaced."""
    answer = await embedded.http.get("/nowhere", headers=[(b"X-Request-ID", given.encode())])
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/api/v1/lists/", "/lists"])
async def test_what_is_not_there_is_a_problem(embedded: Service, path: str) -> None:
    """Also outside the interface, and without redirects to look-alikes."""
    answer = await embedded.http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_wrong_method_is_told_the_right_ones(embedded: Service) -> None:
    """Allow says what the path knows."""
    answer = await embedded.http.put("/api/v1/lists")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_large_answers_are_compressed_when_asked_for(embedded: Service) -> None:
    """And only then."""
    url = f"{ORIGIN}/openapi.json"
    async with embedded.http.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        packed = b"".join([part async for part in answer.aiter_raw()])
    plain = await embedded.http.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.content
    assert "accept-encoding" in plain.headers["vary"].lower()


async def test_a_mistake_of_ours_tells_nothing_of_the_inside(lines: io.StringIO) -> None:
    """500 with the request id, under which the log has it."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        secret = "hunter2"
        raise RuntimeError(f"could not open the vault with {secret[:3]}")

    answer = await fetch(Boundary(broken))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "vault" not in answer.text
    assert "RuntimeError" not in answer.text
    failed, request = events(lines)
    assert failed["event"] == "request_failed"
    assert failed["error"] == "builtins.RuntimeError"
    assert failed["frames"][-1].endswith(" broken")
    assert failed["request_id"] == request["request_id"] == answer.json()["request_id"]
    assert request["status"] == 500


async def test_the_words_of_a_database_error_stay_out_of_the_log(lines: io.StringIO) -> None:
    """They quote rows, and rows hold titles."""
    from sqlalchemy.exc import IntegrityError

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise IntegrityError("INSERT", {"title": "secret plan"}, Exception("secret plan"))

    answer = await fetch(Boundary(broken))
    assert answer.status_code == 500
    assert "secret plan" not in lines.getvalue()
    assert "IntegrityError" in lines.getvalue()


async def test_a_caller_who_left_in_the_middle_is_no_mistake_of_ours(lines: io.StringIO) -> None:
    """The access log has it as 499; nothing is sent, and nobody is woken up."""

    async def reading(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/",
        "headers": [(b"host", b"h")],
    }
    await Boundary(reading)(scope, receive, send)

    assert [(one["event"], one["status"]) for one in events(lines)] == [("request", 499)]


async def test_half_an_answer_is_not_made_a_whole_one(lines: io.StringIO) -> None:
    """Once it began, only cutting the connection tells the caller that it broke."""

    async def breaking(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    transport = httpx.ASGITransport(Boundary(breaking), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        with pytest.raises(RuntimeError, match="too late"):
            await http.get("/")
    assert events(lines)[0]["event"] == "answer_cut_short"


async def test_the_access_log_says_who_and_where_but_not_what(
    embedded: Service, lines: io.StringIO
) -> None:
    """Route and user id; no token, no title, no query, no invitation."""
    ann = await embedded.register("ann")
    list_id = await ann.new_list("a very private title")
    await ann.new_todo(list_id, "another private title")
    await ann.get(f"/lists/{list_id}/changes?since=0&epoch=private-query")
    await ann.post("/invites/a-private-token-of-an-invitation-that-is-long/accept")
    await ann.get("/invites/a-private-token-of-an-invitation-that-is-long")
    text = lines.getvalue()
    assert "private" not in text
    assert ann.token not in text
    seen = [(one["route"], one["user"]) for one in events(lines) if one["event"] == "request"]
    assert ("/api/v1/lists/{list_id}/changes", ann.id) in seen
    assert ("/api/v1/invites/{token}/accept", ann.id) in seen


@pytest.mark.parametrize(
    "path", ["/x%0d%0a{%22event%22:%22forged%22}", "/%1b[31mred", "/%e2%80%ae%e2%80%a8x", "/%c2%85"]
)
async def test_nobody_writes_lines_of_our_log(
    embedded: Service, lines: io.StringIO, path: str
) -> None:
    """One line a request, all on one line, without anything that moves a cursor."""
    await embedded.http.get(path)
    await embedded.http.get("/y", headers={"X-Request-ID": "a\x1b[2Jb", "User-Agent": "z\x1b"})
    text = lines.getvalue()
    assert len(events(lines)) == 2
    assert text.isascii() or not any(char in text for char in "\x1b\x85\u2028\u202e")
    assert [one["event"] for one in events(lines)] == ["request", "request"]


def test_console_lines_are_escaped_too() -> None:
    """A terminal obeys what it is shown."""
    stream = io.StringIO()
    configure_logs("info", "console", stream)
    structlog.get_logger("x").info("request", route="/\r\n\x1b[31m\u202e" + "\ud800")
    structlog.reset_defaults()
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()


def test_long_values_are_cut() -> None:
    """A line of the log stays a line."""
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    structlog.get_logger("x").info("request", route="/" + "a" * 10_000)
    structlog.reset_defaults()
    assert len(stream.getvalue()) < 3_000


def test_the_level_is_heeded() -> None:
    """``warning`` drops the access log."""
    stream = io.StringIO()
    configure_logs("warning", "json", stream)
    structlog.get_logger("x").info("request")
    structlog.get_logger("x").warning("refused")
    structlog.reset_defaults()
    assert [one["event"] for one in events(stream)] == ["refused"]


def test_what_is_harmless_is_shown_as_it_is() -> None:
    """Names of people everywhere."""
    assert escape("Ærøskøbing 東京 😀") == "Ærøskøbing 東京 😀"
