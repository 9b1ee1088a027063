"""The access log: one JSON object a line, and no secret in any of Nginx's logs."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.nginx.conftest import Arrive, StartNginx
from tests.nginx.raw import get, send
from tests.servers.nginx import Nginx

pytestmark = pytest.mark.xdist_group("nginx")

_SECRET = "s3cr3t-canary"


def test_a_line_tells_what_happened(edge: Nginx) -> None:
    """Who, what, how long, and which replica answered with what."""
    send(edge, get(edge, "/api/v1/lists", "User-Agent: test"))
    line = edge.lines()[-1]

    assert datetime.fromisoformat(line["time"]).tzinfo is not None
    assert line["client"] == "127.0.0.1"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/v1/lists", 401)
    assert line["replica"].startswith("unix:")
    assert (line["replica_status"], line["agent"]) == ("401", "test")
    assert 0 <= line["duration_s"] < 10
    assert line["bytes_out"] > line["bytes_in"] > 0
    assert line["tls"] in {"TLSv1.2", "TLSv1.3"}


async def test_no_secret_is_logged(start_nginx: StartNginx, arrive: Arrive) -> None:
    """Not from a query, a cookie, a token, a subprotocol, nor an invitation; in no log."""
    nginx = start_nginx()
    ann, bob = await arrive(nginx, "ann"), await arrive(nginx, "bob")
    shared = await ann.make_list()
    invited = await ann.call("POST", f"/lists/{shared}/invites", {"role": "editor"})
    await bob.call("POST", f"/invites/{invited['token']}/accept")
    fields = (
        f"Authorization: Bearer {_SECRET}",
        f"Cookie: __Host-lockstep_refresh={_SECRET}",
        f"Sec-WebSocket-Protocol: centrifuge-json, {_SECRET}",
        f"Referer: https://localhost/?token={_SECRET}",
    )
    for target in ("/api/v1/lists", "/connection/websocket", "/static/nothing", "/metrics"):
        send(nginx, get(nginx, f"{target}?token={_SECRET}", *fields))

    logged = nginx.access_log() + nginx.error_log()
    assert "/api/v1/invites/" in logged
    for secret in (_SECRET, invited["token"], ann.access_token, ann.refresh_token):
        assert secret not in nginx.access_log()
    for secret in (invited["token"], ann.access_token, ann.refresh_token):
        assert secret not in nginx.error_log()


def test_invitations_stay_out_of_the_error_log(start_nginx: StartNginx) -> None:
    """Also when no replica answers, which is logged elsewhere with the request line."""
    nginx = start_nginx("unix:/nonexistent/replica.sock")
    send(nginx, get(nginx, f"/api/v1/invites/{_SECRET}/accept", method="POST", body=b"{}"))
    send(nginx, get(nginx, "/api/v1/lists"))

    assert nginx.lines()[0]["path"] == "/api/v1/invites/"
    assert "/api/v1/lists" in nginx.error_log()
    assert _SECRET not in nginx.error_log() + nginx.access_log()


@pytest.mark.parametrize(
    "target",
    [
        b"/a%0d%0a{%22forged%22:1}",
        b"/%1b%5b31mred",
        b'/","status":200,"x":"',
        b"/%ff%fe",
        b"/\xff\xfe",
        b"/\xe2\x80\xa8",
        b"/%e2%80%a8",
    ],
)
def test_a_path_cannot_forge_a_line(edge: Nginx, target: bytes) -> None:
    """Line ends, terminal colours, quotes and bytes that are no text: one line, one object."""
    before = len(edge.access_log().splitlines())
    asked = get(edge, "/target", 'User-Agent: a"b\\c').replace(b"/target", target)
    send(edge, asked)
    send(edge, asked.replace(b'a"b\\c', b"\xff"))
    added = edge.access_log().splitlines()[before:]

    assert len(added) == 2
    assert all(line.isascii() and line.isprintable() for line in added)
    assert {line["status"] for line in edge.lines()[-2:]} <= {400, 404}
    assert [line["agent"] for line in edge.lines()[-2:]] == ['a"b\\c', ""]
