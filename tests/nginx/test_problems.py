"""What Nginx itself refuses is a problem like the service's, with a request id."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from http_api.problems import MEDIA_TYPE, TITLES
from tests.docs.pages import page, rows
from tests.nginx.conftest import StartNginx
from tests.nginx.mirror import mirror
from tests.nginx.raw import Raw, get, send, send_plain
from tests.servers.nginx import Nginx

pytestmark = pytest.mark.xdist_group("nginx")

_GONE = "unix:/nonexistent/replica.sock"
_EXPLAINED = {
    (int(row[0]), row[1].strip("`"))
    for row in rows(page("docs/errors.md"))
    if len(row) == 4 and row[0].isdecimal()
}


def problem_in(answer: Raw, status: int, code: str) -> dict[str, Any]:
    """Read the problem, which is complete, explained, and names the request."""
    assert answer.status == status, answer
    assert answer.field("Content-Type") == [MEDIA_TYPE]
    assert answer.field("Cache-Control") == ["no-store"]
    problem: dict[str, Any] = json.loads(answer.body)
    assert set(problem) == {"type", "title", "status", "detail", "code", "request_id"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert (status, code) in _EXPLAINED
    assert (problem["type"], problem["title"]) == (f"/docs#{code}", TITLES[code])
    assert problem["detail"].endswith(".")
    assert [problem["request_id"]] == answer.field("X-Request-ID")
    return problem


def _post(edge: Nginx, *fields: str) -> bytes:
    lines = ["POST /api/v1/lists HTTP/1.1", f"Host: {edge.host}", "Connection: close", *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n0\r\n\r\n"


def _asked(edge: Nginx, line: str, *fields: str) -> bytes:
    head = "\r\n".join((line, f"Host: {edge.host}", "Connection: close", *fields))
    return head.encode("latin-1") + b"\r\n\r\n"


def test_what_does_not_parse_is_400(edge: Nginx) -> None:
    """A broken request line or field, a missing or doubled one, a path that leads out."""
    cases = [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\r\n\r\n",
        b"GET / HTTP/x.1\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
        get(edge, "/", f"Host: {edge.host}"),
        get(edge, "/", "X-A: a\0b"),
        get(edge, "/static/main.js%00.png"),
        get(edge, "/../../etc/passwd"),
        get(edge, "/%zz"),
        get(edge, f"https://{edge.host}/health/live"),
        _post(edge, "Content-Length: 4", "Transfer-Encoding: chunked"),
        _post(edge, "Content-Length: 4", "Content-Length: 5"),
        _post(edge, "Content-Length: -4"),
        _asked(edge, "CONNECT localhost:443 HTTP/1.1"),
    ]
    for data in cases:
        answer = send(edge, data)
        problem_in(answer, 400, "malformed")
        assert answer.field("Connection") == ["close"]


def test_a_body_whose_chunks_are_broken_is_400(edge: Nginx) -> None:
    """It never reaches a replica."""
    data = _post(edge, "Transfer-Encoding: chunked").removesuffix(b"0\r\n\r\n") + b"zz\r\nab\r\n"
    problem_in(send(edge, data), 400, "malformed")


def test_a_wrong_method_is_405_and_told_the_right_ones(edge: Nginx) -> None:
    """Files are read only, and nobody needs TRACE."""
    for target in ("/", "/static/main.js", "/static/vendor/README.md"):
        answer = send(edge, get(edge, target, method="POST", body=b"x"))
        problem_in(answer, 405, "method_not_allowed")
        assert answer.field("Allow") == ["GET, HEAD"]
    answer = send(edge, get(edge, "/api/v1/lists", method="TRACE"))
    problem_in(answer, 405, "method_not_allowed")
    assert answer.field("Allow") == ["GET, HEAD, POST, PUT, PATCH, DELETE"]


def test_what_is_too_long_is_told_apart(edge: Nginx) -> None:
    """The address, a field, all fields, the body."""
    problem_in(send(edge, get(edge, f"/{'a' * 9_000}")), 414, "uri_too_long")
    problem_in(send(edge, get(edge, f"/?q={'a' * 9_000}")), 414, "uri_too_long")
    problem_in(send(edge, get(edge, "/", f"X-A: {'a' * 9_000}")), 431, "fields_too_large")
    many = (f"X-{number}: {'a' * 200}" for number in range(200))
    problem_in(send(edge, get(edge, "/", *many)), 431, "fields_too_large")
    for path, limit in (("/api/v1/lists", 262_144), ("/api/v1/import", 10_485_760)):
        answer = send(edge, _asked(edge, f"POST {path} HTTP/1.1", f"Content-Length: {limit + 1}"))
        assert str(limit) in problem_in(answer, 413, "too_large")["detail"]


def test_what_nginx_does_not_speak_is_501_or_505(edge: Nginx) -> None:
    """Another coding of the body, another version of HTTP."""
    problem_in(send(edge, _post(edge, "Transfer-Encoding: gzip")), 501, "not_implemented")
    problem_in(send(edge, b"GET / HTTP/2.1\r\n\r\n"), 505, "version_not_supported")


def test_another_version_of_a_file_is_412(edge: Nginx) -> None:
    """Who names one gets it or none."""
    other = send(edge, get(edge, "/static/main.js", 'If-Match: "other"'))
    problem_in(other, 412, "stale")


@pytest.mark.parametrize(("method", "code"), [("GET", "unavailable"), ("POST", "outcome_unknown")])
def test_without_replicas_it_is_503(start_nginx: StartNginx, method: str, code: str) -> None:
    """With the time to come back; a write may be sent again with its operation id."""
    nginx = start_nginx(_GONE)
    for target in ("/api/v1/lists", "/connection/http_stream", "/emulation", "/docs"):
        answer = send(nginx, get(nginx, target, method=method))
        problem_in(answer, 503, code)
        assert answer.field("Retry-After") == ["1"]


def test_a_head_has_no_body(start_nginx: StartNginx) -> None:
    """Only the fields of a problem."""
    nginx = start_nginx(_GONE)
    answer = send(nginx, get(nginx, "/api/v1/lists", method="HEAD"))
    assert (answer.status, answer.body) == (503, b"")
    assert answer.field("Content-Type") == [MEDIA_TYPE]


def test_the_callers_id_is_kept_when_it_is_sane(start_nginx: StartNginx) -> None:
    """In the answer, the problem and the log; any other is replaced."""
    nginx = start_nginx(_GONE)
    for target in ("/api/v1/lists", "/static/none"):
        for given, kept in (
            ("mine-1", True),
            ("a" * 128, True),
            ("a" * 129, False),
            ('"},{"', False),
            ("a b", False),
            ("\xe9", False),
        ):
            answer = send(nginx, _asked(nginx, f"GET {target} HTTP/1.1", f"X-Request-ID: {given}"))
            [told] = answer.field("X-Request-ID")
            assert json.loads(answer.body)["request_id"] == told
            assert (told == given) is kept, (target, given)
            assert kept or re.fullmatch("[0-9a-f]{32}", told)
            assert nginx.lines()[-1]["request_id"] == told


def test_allowed_origins_may_read_refusals(start_nginx: StartNginx) -> None:
    """As they may read the service's own; nobody else, and only with the origins named."""
    own, other = "https://app.example.org", "http://127.0.0.1:3000"
    nginx = start_nginx(_GONE, EDGE_ORIGINS=f"{own} 1; {other} 1;")
    for origin in (own, other):
        answer = send(nginx, get(nginx, "/api/v1/lists", f"Origin: {origin}"))
        assert answer.field("Access-Control-Allow-Origin") == [origin]
        assert "Retry-After" in answer.field("Access-Control-Expose-Headers")[0]
        assert answer.field("Access-Control-Allow-Credentials") == []
    for origin in ("https://evil.example", "null", "https://app.example.org.evil", ""):
        answer = send(nginx, get(nginx, "/api/v1/lists", f"Origin: {origin}"))
        assert answer.field("Access-Control-Allow-Origin") == []
    assert (
        send(start_nginx(_GONE), get(nginx, "/x", f"Origin: {own}")).field(
            "Access-Control-Allow-Origin"
        )
        == []
    )


@pytest.mark.parametrize("status", [400, 404, 405, 413, 414, 500, 501, 502, 503, 504])
def test_what_a_replica_says_stays_as_it_is(
    start_nginx: StartNginx, tmp_path: Path, status: int
) -> None:
    """Its refusals say more than Nginx could."""
    with mirror(tmp_path / "m.sock", status=status) as address:
        nginx = start_nginx(address)
        answer = send(nginx, get(nginx, "/api/v1/lists"))
    assert answer.status == status
    assert json.loads(answer.body)[0] == ["line", "GET /api/v1/lists HTTP/1.1"]


def test_our_place_for_problems_is_no_address(edge: Nginx) -> None:
    """Nobody can ask for it."""
    for target in ("/.problem", "/%2eproblem", "//.problem"):
        problem_in(send(edge, get(edge, target)), 404, "not_found")


def test_plain_http_at_the_port_of_tls_is_led_to_tls(edge: Nginx) -> None:
    """As it is at the other port; with another name it gets nothing."""
    answer = send_plain(edge, get(edge, "/docs?x=1"), port=edge.port)
    assert answer.status == 301
    assert answer.field("Location") == [f"{edge.origin}/docs?x=1"]
    named = get(edge, "/").replace(b"localhost", b"evil.example")
    assert send_plain(edge, named, port=edge.port).head == b""


def test_what_does_not_parse_gets_nothing_without_tls(edge: Nginx) -> None:
    """There it is not even known whom it asks for."""
    for data in (b"nonsense\r\n\r\n", b"GET /%zz HTTP/1.1\r\nHost: evil.example\r\n\r\n"):
        assert send_plain(edge, data).head == b""
    assert send_plain(edge, b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n").head == b""
