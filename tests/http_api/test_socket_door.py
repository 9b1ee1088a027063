"""Hold who gets through to the socket."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.http_api.service import Service

ALLOWED = [None, b"http://127.0.0.1:8000"]
REFUSED = [
    b"null",
    b"",
    b"file://",
    b"https://evil.example.org",
    b"http://127.0.0.1:8000.evil.example.org",
    b"http://evil127.0.0.1:8000",
    b"http://127.0.0.1:9000",
    b"https://127.0.0.1:8000",
    b"HTTP://127.0.0.1:8000",
    b"http://127.0.0.1:8000/",
    "http://127.0.0.1:8000\u0430".encode(),
]


async def knock(service: Service, path: str, origin: bytes | None) -> list[dict[str, Any]]:
    """Try a handshake and leave; give what the app sent."""
    sent: list[dict[str, Any]] = []
    received = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}])

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1:8000")]
    if origin is not None:
        headers.append((b"origin", origin))
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "subprotocols": [],
        "client": ("127.0.0.1", 1),
        "extensions": {"websocket.http.response": {}},
        "state": {},
    }
    await service.app(scope, receive, send)
    return sent


@pytest.mark.parametrize("origin", ALLOWED)
async def test_the_own_page_and_native_clients_connect(
    embedded: Service, origin: bytes | None
) -> None:
    """A missing origin is a native client: no cookie is ever read on the socket."""
    sent = await knock(embedded, "/connection/websocket", origin)
    assert sent[0]["type"] == "websocket.accept"


@pytest.mark.parametrize("origin", REFUSED)
async def test_foreign_pages_are_refused_before_the_upgrade(
    embedded: Service, origin: bytes
) -> None:
    """403 as a problem, exactly compared."""
    start, body = await knock(embedded, "/connection/websocket", origin)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert orjson.loads(body["body"])["code"] == "cross_site"


async def test_there_is_one_socket(embedded: Service) -> None:
    """A handshake anywhere else finds nothing."""
    start, body = await knock(embedded, "/connection/nowhere", None)
    assert start["status"] == 404
    assert orjson.loads(body["body"])["code"] == "not_found"


async def test_plain_http_is_told_to_upgrade(embedded: Service) -> None:
    """426 for a GET, 405 for what can be no handshake."""
    get = await embedded.http.get("/connection/websocket")
    assert (get.status_code, get.headers["upgrade"]) == (426, "websocket")
    post = await embedded.http.post("/connection/websocket")
    assert (post.status_code, post.headers["allow"]) == (405, "GET")
