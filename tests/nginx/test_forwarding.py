"""What a replica is told about a client, and what it believes."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.nginx.conftest import StartNginx
from tests.nginx.mirror import mirror
from tests.nginx.raw import get, send
from tests.servers.deadline import wait_until
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.replica import Replica, environment, lockstep
from tests.servers.run import Run
from tests.servers.unix_replica import UnixConnection, UnixReplica

pytestmark = pytest.mark.xdist_group("nginx")

_FORGED = (
    "X-Forwarded-For: 203.0.113.9",
    "X-Forwarded-For: 203.0.113.10",
    "X_Forwarded_For: 203.0.113.11",
    "X-Real-IP: 203.0.113.9",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Port: 1",
    "Forwarded: for=203.0.113.9;host=evil.example",
)


def test_what_a_client_says_of_itself_is_replaced(start_nginx: StartNginx, tmp_path: Path) -> None:
    """Forged addresses, names and schemes never arrive; the peer's own address does."""
    with mirror(tmp_path / "m.sock") as address:
        nginx = start_nginx(address)
        told = _told(nginx, get(nginx, "/x?y=1", *_FORGED), source="127.0.0.7")

    fields = [(name.lower(), value) for name, value in told[1:]]
    assert told[0] == ["line", "GET /x?y=1 HTTP/1.1"]
    assert [value for name, value in fields if name == "x-forwarded-for"] == ["127.0.0.7"]
    assert [value for name, value in fields if name == "x-real-ip"] == ["127.0.0.7"]
    assert [value for name, value in fields if name == "x-forwarded-proto"] == ["https"]
    assert [value for name, value in fields if name == "host"] == [nginx.host]
    assert "203.0.113" not in str(told)
    assert "evil" not in str(told)


def test_nothing_but_the_socket_is_upgraded(start_nginx: StartNginx, tmp_path: Path) -> None:
    """An upgrade elsewhere, to something else, or from HTTP/1.0, is an ordinary request."""
    with mirror(tmp_path / "m.sock") as address:
        nginx = start_nginx(address)
        for version, target, upgrade, passed in (
            (b"1.1", "/connection/websocket", "WebSocket", ["websocket"]),
            (b"1.1", "/connection/websocket?x=1", "websocket", ["websocket"]),
            (b"1.0", "/connection/websocket", "websocket", []),
            (b"1.1", "/connection/websocket", "h2c", []),
            (b"1.1", "/connection/websocket%20websocket", "", []),
            (b"1.1", "/api/v1/lists", "websocket", []),
        ):
            data = get(nginx, target, f"Upgrade: {upgrade}")
            told = _told(nginx, data.replace(b"HTTP/1.1", b"HTTP/" + version))
            assert [value for name, value in told if name == "Upgrade"] == passed
            assert [value for name, value in told if name == "Connection"] in (
                [["upgrade"]] if passed else [["close"], []]
            )


def test_a_handshake_over_http_1_0_is_426(edge: Nginx) -> None:
    """The service says what it wants instead."""
    data = get(edge, "/connection/websocket", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    answer = send(edge, data.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert (answer.status, json.loads(answer.body)["code"]) == (426, "upgrade_required")


def test_a_sane_request_id_is_kept_and_else_one_is_given(
    edge: Nginx, start_nginx: StartNginx, tmp_path: Path
) -> None:
    """One id from the client to both logs."""
    answer = send(edge, get(edge, "/api/v1/lists", "X-Request-ID: from-the-client"))
    assert answer.field("X-Request-ID") == ["from-the-client"]
    assert edge.lines()[-1]["request_id"] == "from-the-client"
    answer = send(edge, get(edge, "/api/v1/lists"))
    assert edge.lines()[-1]["request_id"] == answer.field("X-Request-ID")[0]
    with mirror(tmp_path / "m.sock") as address:
        nginx = start_nginx(address)
        told = _told(nginx, get(nginx, "/api"))
    [given] = [value for name, value in told if name == "X-Request-ID"]
    assert len(given) == 32


def test_limits_count_the_real_address(start_nginx: StartNginx, tmp_path: Path) -> None:
    """Another forged address each time is no way around; another real one has its own count."""
    with mirror(tmp_path / "m.sock") as address:
        nginx = start_nginx(address, EDGE_LOGIN_RATE="1r/m", EDGE_LOGIN_BURST="2")

        def log_in(number: int, source: str = "127.0.0.1") -> int:
            forged = f"X-Forwarded-For: 203.0.113.{number}"
            data = get(nginx, "/api/v1/auth/login", forged, method="POST", body=b"{}")
            return send(nginx, data, source=source).status

        assert [log_in(number) for number in range(5)] == [200, 200, 200, 429, 429]
        assert log_in(0, "127.0.0.8") == 200


async def test_behind_a_unix_socket_the_service_believes_the_proxy(run: Run) -> None:
    """There it takes the client's address from the proxy: each has its own count of tries."""
    replica = await UnixReplica.start(run)
    try:
        statuses = [_log_in(UnixConnection(replica.path), "203.0.113.1") for _ in range(6)]
        assert statuses == [401] * 5 + [429]
        assert _log_in(UnixConnection(replica.path), "203.0.113.2") == 401
    finally:
        await replica.kill()


async def test_at_a_port_the_service_believes_known_proxies_only(run: Run, tmp_path: Path) -> None:
    """A forged address counts for nothing there, even where a Unix socket is configured, too."""
    port = free_port()
    process = Process(
        run,
        "stranger",
        [lockstep(), "serve", "--port", str(port)],
        env=environment(UDS=str(tmp_path / "unused.sock"), TRUSTED_PROXIES="192.0.2.1"),
        cwd=tmp_path,
    )
    try:
        replica = Replica(run, {}, tmp_path, port)
        wait_until(replica.is_ready, "ready", within_s=30)
        tries = [_log_in_at(port, f"203.0.113.{number}") for number in range(6)]
        assert tries == [401] * 5 + [429]
    finally:
        process.kill()


def _log_in(connection: UnixConnection, address: str) -> int:
    body = json.dumps({"username": "nobody", "password": "wrong wrong wrong"})
    fields = {"Content-Type": "application/json", "X-Forwarded-For": address}
    try:
        connection.request("POST", "/api/v1/auth/login", body, fields)
        return connection.getresponse().status
    finally:
        connection.close()


def _log_in_at(port: int, address: str) -> int:
    body = {"username": "nobody", "password": "wrong wrong wrong"}
    with httpx.Client(trust_env=False, timeout=15) as http:
        url = f"http://127.0.0.1:{port}/api/v1/auth/login"
        return http.post(url, json=body, headers={"X-Forwarded-For": address}).status_code


def _told(nginx: Nginx, data: bytes, *, source: str = "127.0.0.1") -> list[list[str]]:
    told: list[list[str]] = json.loads(send(nginx, data, source=source).body)
    return told
