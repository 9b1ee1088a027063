"""Too much from one address is 429, and costs the replicas nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.nginx.conftest import StartNginx
from tests.nginx.mirror import mirror
from tests.nginx.raw import Raw, get, send
from tests.servers.deadline import eventually
from tests.servers.nginx import Nginx

pytestmark = pytest.mark.xdist_group("nginx")


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[str]:
    """Give the address of a stand-in that answers 200 to everything."""
    with mirror(tmp_path / "m.sock") as address:
        yield address


def _many(nginx: Nginx, target: str, count: int) -> list[Raw]:
    return [send(nginx, get(nginx, target)) for _ in range(count)]


@pytest.mark.parametrize(
    ("target", "limit"),
    [
        ("/api/v1/lists", "REQUEST"),
        ("/docs", "REQUEST"),
        ("/api/v1/invites/secret/accept", "REQUEST"),
        ("/health/ready", "REQUEST"),
        ("/api/v1/auth/login", "LOGIN"),
        ("/api/v1/auth/token", "LOGIN"),
        ("/api/v1/auth/register", "LOGIN"),
        ("/connection/websocket", "HANDSHAKE"),
        ("/connection/http_stream", "HANDSHAKE"),
        ("/emulation", "MESSAGE"),
    ],
)
def test_each_kind_of_request_has_its_limit(
    start_nginx: StartNginx, replica: str, target: str, limit: str
) -> None:
    """The burst is served at once, then 429 with Retry-After, as a problem."""
    slow = {f"EDGE_{limit}_RATE": "1r/m", f"EDGE_{limit}_BURST": "3"}
    answers = _many(start_nginx(replica, **slow), target, 6)

    assert [answer.status for answer in answers] == [200] * 4 + [429] * 2
    assert answers[-1].field("Retry-After") == ["1"]
    problem = json.loads(answers[-1].body)
    assert (problem["status"], problem["code"]) == (429, "too_many_requests")
    assert problem["request_id"] == answers[-1].field("X-Request-ID")[0]


def test_the_page_s_files_are_not_limited(start_nginx: StartNginx, replica: str) -> None:
    """A page is some forty files at once."""
    slow = {"EDGE_REQUEST_RATE": "1r/m", "EDGE_REQUEST_BURST": "1"}
    answers = _many(start_nginx(replica, **slow), "/static/main.js", 50)

    assert {answer.status for answer in answers} == {200}


def test_the_default_limits_let_an_office_in(start_nginx: StartNginx, replica: str) -> None:
    """A hundred people behind one address who all open the page within a second."""
    nginx = start_nginx(replica)

    assert {answer.status for answer in _many(nginx, "/api/v1/lists", 100)} == {200}
    assert {answer.status for answer in _many(nginx, "/connection/websocket", 100)} == {200}


async def test_an_address_has_so_many_sockets(start_nginx: StartNginx) -> None:
    """One more is refused before the upgrade; one that ended makes room."""
    nginx = start_nginx(EDGE_SOCKETS_PER_ADDRESS="3")
    async with contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(_socket(nginx)) for _ in range(3)]
        with pytest.raises(InvalidStatus) as refused:
            await stack.enter_async_context(_socket(nginx))
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "1"

        await opened[0].close()
        await eventually(lambda: _opens(nginx), "room for another socket")


async def _opens(nginx: Nginx) -> bool:
    try:
        async with _socket(nginx):
            return True
    except InvalidStatus:
        return False


def _socket(nginx: Nginx) -> connect:
    """Make a client of one thread: reading and writing a TLS socket from two is no good."""
    return connect(nginx.websocket, ssl=nginx.trust(), proxy=None)
