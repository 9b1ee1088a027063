"""What is refused before a replica sees it, or never reaches anything."""

from __future__ import annotations

import ssl

import pytest

from http_api.body import MAX_BODY_BYTES
from tests.nginx.raw import get, send, send_plain
from tests.servers.nginx import Nginx

pytestmark = pytest.mark.xdist_group("nginx")

_START = b"GET /health/live HTTP/1.1\r\n"
_END = b"Connection: close\r\n\r\n"


def _own(edge: Nginx) -> bytes:
    return b"Host: %b\r\n" % edge.host.encode()


@pytest.mark.parametrize(
    "fields",
    [b"X-A: a\rb\r\n", b"X-A: a\r\n b\r\n", b"X-A: a\0b\r\n", b"X-A : b\r\n"],
    ids=["bare CR", "folded line", "NUL", "blank before the colon"],
)
def test_a_broken_field_is_400(edge: Nginx, fields: bytes) -> None:
    """No part may read a field's end where another does not."""
    assert send(edge, _START + _own(edge) + fields + _END).status == 400


def test_a_second_host_is_400(edge: Nginx) -> None:
    """Twice the same, or two: nobody may choose which one counts."""
    for other in (edge.host, "evil.example"):
        fields = _own(edge) + b"Host: %b\r\n" % other.encode()
        assert send(edge, _START + fields + _END).status == 400


def test_no_host_or_one_with_a_path_is_400(edge: Nginx) -> None:
    """A Host field is a name and perhaps a port."""
    assert send(edge, _START + _END).status == 400
    for host in (b"localhost/x", b"localhost\\x\0"):
        assert send(edge, _START + b"Host: %b\r\n" % host + _END).status == 400


def test_an_absolute_target_is_400(edge: Nginx) -> None:
    """It is for proxies, and would name the host a second time."""
    target = f"https://{edge.host}/health/live"
    assert send(edge, get(edge, target)).status == 400
    assert send(edge, get(edge, "/a:b")).status == 404


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Content-Length: +4\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ],
)
def test_two_lengths_are_400(edge: Nginx, fields: bytes) -> None:
    """Else the rest of one request is the start of another one's."""
    data = b"POST /api/v1/lists HTTP/1.1\r\n" + _own(edge) + fields + b"\r\n0\r\n\r\n"
    assert send(edge, data).status == 400


def test_an_unknown_encoding_is_501(edge: Nginx) -> None:
    """Where a body ends must be known."""
    fields = _own(edge) + b"Transfer-Encoding: gzip, chunked\r\n"
    assert send(edge, b"POST /api/v1/lists HTTP/1.1\r\n" + fields + _END).status == 501


@pytest.mark.parametrize("host", ["evil.example", "a@localhost", "127.0.0.1", "localhost.evil"])
def test_another_host_gets_nothing(edge: Nginx, host: str) -> None:
    """The connection is closed without a byte, with TLS and without."""
    data = _START + b"Host: %b\r\n" % host.encode() + _END
    assert send(edge, data).head == b""
    assert send_plain(edge, data).head == b""


@pytest.mark.parametrize("name", [None, "evil.example"])
def test_another_name_gets_no_handshake(edge: Nginx, name: str | None) -> None:
    """Who looks around by address does not even learn the certificate's name."""
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        send(edge, get(edge, "/"), name=name)


def test_what_is_too_long_is_refused(edge: Nginx) -> None:
    """A field or an address over 8 KiB, and more than 32 KiB of fields."""
    assert send(edge, get(edge, "/", f"X-A: {'a' * 9_000}")).status == 431
    assert send(edge, get(edge, f"/{'a' * 9_000}")).status == 414
    many = (f"X-{number}: {'a' * 200}" for number in range(200))
    assert send(edge, get(edge, "/", *many)).status == 431


def test_a_body_over_the_limit_is_413(edge: Nginx) -> None:
    """At once, by its announced length; at the limit it reaches the service."""
    path, kind = "/api/v1/lists", "Content-Type: application/json"
    data = get(edge, path, kind, method="POST", body=b"x" * (MAX_BODY_BYTES + 1))
    refused = send(edge, data)
    assert (refused.status, refused.field("Content-Type")) == (413, ["application/problem+json"])
    data = get(edge, path, kind, method="POST", body=b"x" * MAX_BODY_BYTES)
    assert send(edge, data).status == 401


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/static/../app.py", 404),
        ("/static/..%2fapp.py", 404),
        ("/static/%2e%2e/app.py", 404),
        ("/static/vendor/..%2f..%2fapp.py", 404),
        ("/static../app.py", 404),
        ("/static/..%2f..%2f..%2f..%2fetc/passwd", 400),
        ("/static/../../../etc/passwd", 400),
        ("//etc/passwd", 404),
        ("/static//etc/passwd", 404),
        ("/static/main.js%00.png", 400),
        ("/static/%5c..%5capp.py", 404),
        ("/static/.hidden", 404),
        ("/static/", 404),
        ("/static/view", 404),
    ],
)
def test_no_path_leaves_the_page_s_files(edge: Nginx, target: str, status: int) -> None:
    """However it is written: 400 or 404, and no directory is shown."""
    answer = send(edge, get(edge, target))
    assert (answer.status, b"root:" in answer.body) == (status, False)


def test_ranges_are_not_served(edge: Nginx) -> None:
    """However many: the whole file, once; ten thousand are too long a field."""
    for parts in ("0-4", ",".join(f"{number}-{number}" for number in range(500)), "9999999-", "x"):
        whole = send(edge, get(edge, "/static/main.js", f"Range: bytes={parts}"))
        assert (whole.status, len(whole.body)) == (200, int(whole.field("Content-Length")[0]))
        assert whole.field("Content-Range") == []
    parts = ",".join(f"{number}-{number}" for number in range(10_000))
    assert send(edge, get(edge, "/static/main.js", f"Range: bytes={parts}")).status == 431


def test_metrics_are_not_public(edge: Nginx) -> None:
    """Nor by another spelling."""
    for target in ("/metrics", "/metrics/", "//metrics", "/%6detrics", "/metrics?x=1"):
        assert send(edge, get(edge, target)).status == 404
