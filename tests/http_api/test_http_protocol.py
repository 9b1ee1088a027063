"""The service as `lockstep serve` runs it, asked by bare sockets for what no library would ask."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.servers.replica import Replica

SOCKET = "/connection/websocket"
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)


@dataclass(frozen=True)
class Answer:
    """Hold the first answer that came back."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """Read the problem, which names the request."""
        assert self.fields["content-type"] == "application/problem+json", self
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        assert problem["request_id"] == self.fields["x-request-id"]
        return problem


async def ask(replica: Replica, *lines: str, body: bytes = b"", pieces: int = 1) -> Answer:
    """Send these lines as they are, in so many writes, and read one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    try:
        head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
        request = head.encode("latin-1") + body
        size = -(-len(request) // pieces)
        for start in range(0, len(request), size):
            writer.write(request[start : start + size])
            await asyncio.sleep(0)  # the socket has no delay: each write is a segment
        async with asyncio.timeout(10):
            raw = await reader.readuntil(b"\r\n\r\n")
            first, *rest = raw.decode("latin-1").strip().split("\r\n")
            fields = {}
            for line in rest:
                name, _, value = line.partition(": ")
                fields[name.lower()] = value
            content = await reader.readexactly(int(fields.get("content-length", "0")))
    finally:
        writer.close()
    return Answer(int(first.split()[1]), fields, content)


def changed(*, without: str = "", **fields: str) -> list[str]:
    """Give a good handshake's lines, changed."""
    lines = [line for line in UPGRADE if not without or not line.startswith(without)]
    for name, value in fields.items():
        field = name.replace("_", "-")
        lines = [line for line in lines if not line.lower().startswith(f"{field}:")]
        lines.append(f"{field}: {value}")
    return lines


@pytest.mark.parametrize("pieces", [1, 3])
async def test_what_is_no_handshake_is_told_so_by_a_problem(replica: Replica, pieces: int) -> None:
    """405 names the method, 426 protocol and version; each is a problem with a request id."""
    cases: list[tuple[int, str, list[str]]] = [
        (426, f"GET {SOCKET} HTTP/1.1", []),
        (405, f"POST {SOCKET} HTTP/1.1", list(UPGRADE)),
        (426, f"GET {SOCKET} HTTP/1.0", list(UPGRADE)),
        (426, f"GET {SOCKET} HTTP/1.1", changed(without="Connection")),
        (426, f"GET {SOCKET} HTTP/1.1", changed(upgrade="h2c")),
        (426, f"GET {SOCKET} HTTP/1.1", changed(sec_websocket_version="8")),
        (426, f"GET {SOCKET} HTTP/1.1", changed(without="Sec-WebSocket-Version")),
        (400, f"GET {SOCKET} HTTP/1.1", changed(sec_websocket_key="x")),
        (400, f"GET {SOCKET} HTTP/1.1", changed(without="Sec-WebSocket-Key")),
        (400, f"GET {SOCKET} HTTP/1.1", changed(sec_websocket_protocol="a b")),
        (403, f"GET {SOCKET} HTTP/1.1", changed(origin="https://evil.example")),
        (404, "GET /elsewhere HTTP/1.1", list(UPGRADE)),
    ]
    for status, line, fields in cases:
        head = (line, "Host: 127.0.0.1", "X-Request-ID: mine-1", *fields)
        answer = await ask(replica, *head, pieces=pieces)
        assert answer.status == status, (line, fields, answer)
        assert answer.problem["request_id"] == "mine-1"
        if status == 405:
            assert answer.fields["allow"] == "GET"
        if status == 426:
            assert answer.fields["upgrade"] == "websocket"
            assert answer.fields["sec-websocket-version"] == "13"
    for path in (SOCKET, f"{SOCKET}?cf_protocol_version=v2"):
        head = (f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *UPGRADE)
        good = await ask(replica, *head, "Sec-WebSocket-Protocol: centrifuge-json", pieces=pieces)
        assert good.status == 101
        assert good.fields == {
            "upgrade": "websocket",
            "connection": "Upgrade",
            "sec-websocket-accept": "ICX+Yqv66kxgM0FcWaLWlFLwTAI=",
            "sec-websocket-protocol": "centrifuge-json",
        }


@pytest.mark.parametrize("fields", [(), UPGRADE], ids=["plain", "handshake"])
async def test_a_request_that_reads_two_ways_is_malformed(
    replica: Replica, fields: tuple[str, ...]
) -> None:
    """Host, target and framing are what proxies and servers disagree on; nothing is guessed."""
    path = SOCKET if fields else "/api/v1/lists"
    host = f"Host: 127.0.0.1:{replica.port}"
    cases = [
        (f"GET {path} HTTP/1.1", host, host),
        (f"GET {path} HTTP/1.1", host, "Host: evil.example"),
        (f"GET {path} HTTP/1.1",),
        (f"GET {path} HTTP/1.1", "Host: "),
        (f"GET {path} HTTP/1.1", "Host: 127.0.0.1/health"),
        (f"GET {path} HTTP/1.1", "Host: ann@127.0.0.1"),
        (f"GET {path} HTTP/1.1", "Host: 127.0.0.1, evil.example"),
        (f"GET http://127.0.0.1{path} HTTP/1.1", host),
        (f"GET http://evil.example{path} HTTP/1.1", host),
        (f"GET {path}%ff HTTP/1.1", host),
        (f"POST {path} HTTP/1.1", host, "Content-Length: 5", "Transfer-Encoding: chunked"),
        (f"POST {path} HTTP/1.1", host, "Transfer-Encoding: chunked", "Content-Length: 5"),
        (f"POST {path} HTTP/1.1", host, "Content-Length: 5", "Content-Length: 6"),
        (f"GET {path} HTTP/1.1", host, "X-Two: a\rb"),
        (f"GET {path} HTTP/1.1", host, "X Two: a"),
        (f"GET {path} HTTP/1.1", f"{host} ", "X-Nul: a\x00b"),
        ("GET * HTTP/1.1", host),
        ("CONNECT 127.0.0.1:80 HTTP/1.1", host),
        ("nonsense",),
    ]
    for lines in cases:
        answer = await ask(replica, *lines, *fields, body=b"0\r\n\r\n")
        assert answer.status == 400, (lines, answer)
        assert answer.problem["code"] == "malformed"


async def test_a_label_that_is_no_text_is_malformed(replica: Replica) -> None:
    """Bytes that are no UTF-8 would otherwise become the label U+FFFD."""
    path = "/api/v1/todos/0190a6f4-5b7a-7c3e-9f10-2a3b4c5d6e7f/labels"
    for label, status in (("%ff", 400), ("%C3%28", 400), ("k%C3%BChl", 401)):
        answer = await ask(replica, f"PUT {path}/{label} HTTP/1.1", "Host: 127.0.0.1")
        assert answer.status == status, label
