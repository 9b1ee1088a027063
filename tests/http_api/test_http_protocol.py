"""The service as `lockstep serve` runs it, asked by bare sockets for what no library would ask."""

from __future__ import annotations

import asyncio
import contextlib
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
        (f"GET {path}#x HTTP/1.1", host),
        (f"GET {path}?a#x HTTP/1.1", host),
        (f"GET {path} HTTP/1.1", host, "Authorization: Bearer a", "Authorization: Bearer b"),
        (f"POST {path} HTTP/1.1", host, "Content-Length: 5", "Content-Length: 5"),
        (f"POST {path} HTTP/1.0", host, "Transfer-Encoding: chunked"),
        (f"POST {path} HTTP/1.1", host, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
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


async def test_what_is_too_long_or_not_spoken_is_told_apart(replica: Replica) -> None:
    """Each by its own status, as behind Nginx."""
    host = f"Host: 127.0.0.1:{replica.port}"
    long = "a" * 9_000
    many = [f"X-{number}: a" for number in range(5_000)]
    cases: list[tuple[int, str, list[str]]] = [
        (414, "uri_too_long", [f"GET /{long} HTTP/1.1", host]),
        (414, "uri_too_long", [f"GET /api/v1/lists?{long} HTTP/1.1", host]),
        (414, "uri_too_long", [f"GET /{'a' * 70_000} HTTP/1.1", host]),  # over a parsed URL's end
        (431, "fields_too_large", ["GET / HTTP/1.1", host, f"X-A: {'a' * 33_000}"]),
        (431, "fields_too_large", ["GET / HTTP/1.1", host, *many]),
        (501, "not_implemented", ["POST / HTTP/1.1", host, "Transfer-Encoding: gzip, chunked"]),
        (505, "version_not_supported", ["GET / HTTP/2.0", host]),
    ]
    for status, code, lines in cases:
        answer = await ask(replica, *lines, body=b"0\r\n\r\n")
        assert (answer.status, answer.problem["code"]) == (status, code), lines[0][:40]


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX-A: ",
        b"GET /",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: ",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=",
    ],
    ids=["field", "address", "trailer", "chunk extension"],
)
async def test_what_never_ends_is_cut(replica: Replica, head: bytes) -> None:
    """A server that collected it all would have no memory left."""
    reader, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    writer.write(head)
    sent = 0
    try:
        async with asyncio.timeout(60):
            while sent < 256 * 1024 * 1024:
                writer.write(b"a" * 65_536)
                await writer.drain()
                sent += 65_536
    except ConnectionError:
        pass
    finally:
        writer.close()
    assert sent < 64 * 1024 * 1024  # what is allowed, and what the kernel holds
    assert (await ask(replica, "GET /health/live HTTP/1.1", "Host: a")).status == 200
    with contextlib.suppress(ConnectionError):
        answer = await reader.read(12)
        assert answer in {b"", b"HTTP/1.1 431", b"HTTP/1.1 405"}


async def test_fields_after_the_body_are_dropped(replica: Replica) -> None:
    """Whoever checked the head did not see them (RFC 9110 section 6.5.1)."""
    path = "POST /api/v1/auth/login HTTP/1.1"
    fields = ("Host: a", "Content-Type: application/json", "Transfer-Encoding: chunked")
    trailers = b"0\r\nHost: evil.example\r\nX-Request-ID: forged\r\nContent-Type: a/b\r\n\r\n"
    answer = await ask(replica, path, *fields, body=b"2\r\n{}\r\n" + trailers)
    assert (answer.status, answer.problem["code"]) == (422, "invalid")
    assert answer.fields["x-request-id"] != "forged"


@pytest.mark.parametrize("garbage", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX A: b\r\n\r\n"])
async def test_who_is_followed_by_garbage_is_answered(replica: Replica, garbage: bytes) -> None:
    """The answer is that of the request before it: a refusal would be taken for its outcome."""
    reader, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    writer.write(b"GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n" + garbage)
    async with asyncio.timeout(20):
        answered = await reader.read()
    writer.close()
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answered.count(b"HTTP/1.1 ") == 1


async def test_among_several_waiting_requests_none_is_answered_wrongly(replica: Replica) -> None:
    """Answers come in order, or not at all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    one = b"GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n"
    writer.write(one + one + one + b"nonsense\r\n\r\n")
    async with asyncio.timeout(20):
        answered = await reader.read()
    writer.close()
    assert b"HTTP/1.1 400" not in answered


async def test_a_broken_body_is_malformed(replica: Replica) -> None:
    """While its own request waits for it, the refusal is that request's."""
    path = "POST /api/v1/auth/login HTTP/1.1"
    fields = ("Host: a", "Content-Type: application/json", "Transfer-Encoding: chunked")
    answer = await ask(replica, path, *fields, body=b"2\r\n{}\r\nzz\r\n")
    assert (answer.status, answer.problem["code"]) == (400, "malformed")
