"""The page's files, and the header fields of every answer."""

from __future__ import annotations

import gzip

import pytest

from http_api.boundary import _FIELDS
from tests.nginx.conftest import StartNginx
from tests.nginx.raw import Raw, get, send, send_plain
from tests.servers.nginx import WEB, Nginx

pytestmark = pytest.mark.xdist_group("nginx")

_ANSWERS = {
    "the page": ("GET", "/"),
    "a file": ("GET", "/static/main.js"),
    "a file that is not there": ("GET", "/static/nothing.js"),
    "a refusal of the service": ("GET", "/api/v1/lists"),
    "the reference": ("GET", "/docs"),
    "a refusal of Nginx": ("GET", "/metrics"),
    "a broken request": ("GET", "http://localhost/"),
    "a method that files do not know": ("POST", "/static/main.js"),
}


@pytest.mark.parametrize("what", _ANSWERS)
def test_every_answer_is_guarded(edge: Nginx, what: str) -> None:
    """Each field exactly once, whoever answered."""
    method, target = _ANSWERS[what]
    answer = send(edge, get(edge, target, method=method))

    assert answer.field("Strict-Transport-Security") == ["max-age=63072000"]
    for name, value in _FIELDS.items():
        if name == "Content-Security-Policy":
            [policy] = answer.field(name)
            # Nginx knows the one socket there is; the service names the scheme.
            assert policy.replace(f"wss://{edge.host}", "ws: wss:") == value
        else:
            assert answer.field(name) == [value]
    assert len(answer.field("X-Request-ID")) == 1
    assert answer.field("Server") == ["nginx"]


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/static/main.js", "text/javascript; charset=utf-8"),
        ("/static/app.css", "text/css; charset=utf-8"),
        ("/static/images/icon.svg", "image/svg+xml"),
        ("/static/vendor/README.md", "text/plain; charset=utf-8"),
    ],
)
def test_files_come_as_they_are(edge: Nginx, target: str, kind: str) -> None:
    """With their type, from the disk and not from a replica."""
    answer = send(edge, get(edge, target))
    path = WEB / (target.removeprefix("/static/") if target != "/" else "index.html")

    assert (answer.status, answer.body) == (200, path.read_bytes())
    assert answer.field("Content-Type") == [kind]
    assert [line["replica"] for line in edge.lines() if line["path"] == target][-1] == ""


def test_files_are_compressed_and_asked_for_again(edge: Nginx) -> None:
    """Small on the way, and 304 while nothing changed; names with a version are kept."""
    packed = send(edge, get(edge, "/static/app.css", "Accept-Encoding: gzip", "Accept: */*"))
    assert packed.field("Content-Encoding") == ["gzip"]
    assert gzip.decompress(_joined(packed)) == (WEB / "app.css").read_bytes()
    assert packed.field("Vary") == ["Accept-Encoding"]
    assert packed.field("Cache-Control") == ["no-cache"]
    [tag] = packed.field("ETag")

    again = send(edge, get(edge, "/static/app.css", f"If-None-Match: {tag}"))
    assert (again.status, again.body) == (304, b"")

    [vendor] = (WEB / "vendor").glob("centrifuge-*.js")
    kept = send(edge, get(edge, f"/static/vendor/{vendor.name}"))
    assert kept.field("Cache-Control") == ["max-age=2592000"]


def _joined(answer: Raw) -> bytes:
    """Put a chunked body together."""
    body, rest = bytearray(), answer.body
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if not int(size, 16):
            return bytes(body)
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]


def test_plain_http_leads_to_tls(edge: Nginx) -> None:
    """To the same address; answers for certificates are served there."""
    asked = f"GET /a?b=c HTTP/1.1\r\nHost: {edge.host}\r\nConnection: close\r\n\r\n".encode()
    answer = send_plain(edge, asked)
    assert (answer.status, answer.field("Location")) == (301, [f"{edge.origin}/a?b=c"])

    folder = edge.directory / "acme" / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    (folder / "token").write_text("proof")
    answer = send_plain(edge, asked.replace(b"/a?b=c", b"/.well-known/acme-challenge/token"))
    assert (answer.status, answer.body) == (200, b"proof")


def test_no_replica_is_a_problem_that_says_what_to_do(start_nginx: StartNginx) -> None:
    """503 with Retry-After; for a write the outcome is called unknown, which it is."""
    alone = start_nginx("unix:/nonexistent/replica.sock")
    read = send(alone, get(alone, "/api/v1/lists"))
    write = send(alone, get(alone, "/api/v1/lists", method="POST", body=b"{}"))

    for answer, code in ((read, b"unavailable"), (write, b"outcome_unknown")):
        assert answer.status == 503
        assert b'"status":503' in answer.body
        assert b'"code":"%b"' % code in answer.body
        assert answer.field("Content-Type") == ["application/problem+json"]
        assert answer.field("Retry-After") == ["1"]
        assert answer.field("Cache-Control") == ["no-store"]
    assert send(alone, get(alone, "/")).status == 200
