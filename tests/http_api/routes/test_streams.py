"""The routes of HTTP streaming, through the whole app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from http_api.app import Application
from tests.http_api.service import ORIGIN, Service, Someone, fresh, serving
from tests.http_api.test_socket_door import ALLOWED, REFUSED
from tests.realtime.asgi_client import DEADLINE_S
from tests.realtime.stream_client import StreamClient

STREAM, EMULATION = "/connection/http_stream", "/emulation"
LISTED = "https://todo.example.org"
CONNECT = b'{"id":1,"connect":{"token":"x"}}'
ADDRESS = {"session": "s", "node": "n"}


class AppStream(StreamClient):
    """Hold a stream that came through the whole app; commands go through it, too."""

    def __init__(self, service: Service, **fields: str) -> None:
        super().__init__(service.services.replica)
        self._app_itself: Application = service.app
        given = {"content-type": "application/json", "host": ORIGIN.removeprefix("http://")}
        self._scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": STREAM,
            "raw_path": STREAM.encode(),
            "query_string": b"",
            "headers": [
                (name.replace("_", "-").encode(), value.encode())
                for name, value in (given | fields).items()
            ],
            "client": ("127.0.0.1", 1),
            "state": {},
        }

    async def _ask(self, first: bytes) -> None:
        self._to_server.put_nowait({"type": "http.request", "body": first, "more_body": False})
        await self._app_itself(self._scope, self._to_server.get, self._send)


@asynccontextmanager
async def streaming(service: Service, someone: Someone, **fields: str) -> AsyncIterator[AppStream]:
    """Give a stream of this person's, connected."""
    stream = AppStream(service, **fields)
    await stream.connect(someone.token)
    yield stream
    await stream.close()


async def post(service: Service, path: str, content: bytes, **fields: str) -> httpx.Response:
    """Send a body that claims to be JSON."""
    headers = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in fields.items()
    }
    return await service.http.post(path, content=content, headers=headers)


async def emulate(service: Service, stream: StreamClient, *commands: Any) -> httpx.Response:
    """Say something on a stream."""
    assert stream.address is not None
    session, node = stream.address
    data = b"\n".join(orjson.dumps(command) for command in commands).decode()
    body = orjson.dumps({"session": session, "node": node, "data": data})
    return await post(service, EMULATION, body)


async def test_a_stream_is_a_connection(service: Service, ann: Someone) -> None:
    """Replies to what came by requests and entries are its lines, each there at once."""
    list_id = await ann.new_list()
    async with streaming(service, ann) as stream:
        assert stream.status == 200
        answer = await emulate(
            service, stream, {"id": 2, "subscribe": {"channel": f"list:{list_id}"}}
        )
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["cache-control"] == "no-store"
        assert (await stream.reply(2))["subscribe"]["offset"] == 2
        todo = await ann.new_todo(list_id)
        pushed = await stream.push(channel=f"list:{list_id}")
        assert pushed["data"]["todo"]["id"] == todo["id"]
        data = {"list_id": list_id, "title": "bread", "op": fresh()}
        await emulate(service, stream, {"id": 3, "rpc": {"method": "todo.create", "data": data}})
        assert (await stream.reply(3))["rpc"]["data"]["todo"]["title"] == "bread"
    assert not service.services.replica.connections


async def test_nothing_waits_for_a_compressor(embedded: Service) -> None:
    """Long lines, too, come as they are although the client would take them compressed."""
    ann = await embedded.register("ann")
    list_id = await ann.new_list()
    async with streaming(embedded, ann, accept_encoding="gzip, br") as stream:
        await emulate(embedded, stream, {"id": 2, "subscribe": {"channel": f"list:{list_id}"}})
        await stream.reply(2)
        await ann.new_todo(list_id, notes="x" * 9_000)
        await stream.push(channel=f"list:{list_id}")
    assert b"content-encoding" not in stream.headers
    assert b"x-request-id" in stream.headers
    assert b"vary" not in stream.headers


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b""),
        (400, b"nonsense"),
        (400, b"[]"),
        (400, b"{}"),
        (400, b"\xff"),
        (400, b'{"id":1,"connect":7}'),
        (400, b'{"connect":{"token":"x"}}'),
        (400, b'{"id":1,"id":2,"connect":{"token":"x"}}'),
        (400, b'{"id":1,"rpc":{"method":"x"}}\n' + CONNECT),
        (400, CONNECT + b"\nnonsense"),
        (413, b'{"id":1,"connect":{"token":"%b"}}' % (b"x" * 65_536)),
    ],
)
async def test_what_does_not_connect_is_no_stream(
    embedded: Service, status: int, body: bytes
) -> None:
    """It is refused before the answer begins."""
    answer = await post(embedded, STREAM, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_that_is_not_good_is_told_on_the_stream(embedded: Service) -> None:
    """As on a socket, for SDKs understand no status: 3500, and the answer is over."""
    answer = await post(embedded, STREAM, CONNECT)
    assert answer.status_code == 200
    assert answer.json() == {"push": {"disconnect": {"code": 3500, "reason": "invalid token"}}}


def spelled(**changes: Any) -> bytes:
    """Spell a request of nobody's, changed; None leaves a field out."""
    body = ADDRESS | {"data": "{}"} | changes
    return orjson.dumps({name: value for name, value in body.items() if value is not None})


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (204, spelled()),
        (204, spelled(data="nonsense")),
        (204, spelled(further="field of a later protocol")),
        (204, spelled(data="x" * 261_000)),
        (400, b""),
        (400, b"nonsense"),
        (400, b"[]"),
        (400, b'{"session":"s","node":"n","data":"\\ud800"}'),
        (400, spelled(session=None)),
        (400, spelled(node=None)),
        (400, spelled(data=None)),
        (400, spelled(data="")),
        (400, spelled(data={})),
        (400, spelled(session=1)),
        (400, spelled(session="")),
        (400, spelled(node="x" * 65)),
        (400, spelled(node="a:b")),
        (400, spelled(node="n\n")),
        (413, spelled(data="x" * 262_144)),
    ],
)
async def test_emulation_tells_only_whether_it_could_read(
    embedded: Service, status: int, body: bytes
) -> None:
    """A session that is nobody's is answered like any other."""
    answer = await post(embedded, EMULATION, body)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("path", "body"), [(STREAM, CONNECT), (EMULATION, spelled())])
async def test_a_body_must_claim_to_be_json(embedded: Service, path: str, body: bytes) -> None:
    """What a form of a foreign page could send is not read."""
    answer = await post(embedded, path, body, content_type="text/plain")
    assert answer.status_code == 415


@pytest.mark.parametrize("path", [STREAM, EMULATION])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_only_post_is_known(embedded: Service, path: str, method: str) -> None:
    """The answer names it."""
    answer = await embedded.http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(("path", "body"), [(STREAM, CONNECT), (EMULATION, spelled())])
async def test_pages_are_let_in_as_to_the_socket(embedded: Service, path: str, body: bytes) -> None:
    """The own page and native clients, and nobody else; exactly compared."""
    for origin in ALLOWED:
        fields = {} if origin is None else {"origin": origin.decode()}
        assert (await post(embedded, path, body, **fields)).status_code in (200, 204)
    for origin in REFUSED:
        headers = {b"content-type": b"application/json", b"origin": origin}
        refused = await embedded.http.post(path, content=body, headers=headers)
        assert refused.status_code == 403, origin
        assert refused.json()["code"] == "cross_site"


@pytest.mark.parametrize(("path", "body"), [(STREAM, CONNECT), (EMULATION, spelled())])
async def test_pages_of_listed_origins_may_ask_first(
    sqlite_url: str, path: str, body: bytes
) -> None:
    """The preflight and the answer let them read; another page gets neither."""
    async with serving(database_url=sqlite_url, allowed_origins=LISTED) as it:
        wanted = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        asked = await it.http.options(path, headers={"Origin": LISTED, **wanted})
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == LISTED
        assert "content-type" in asked.headers["access-control-allow-headers"].lower()
        answered = await post(it, path, body, origin=LISTED)
        assert answered.status_code in (200, 204)
        assert answered.headers["access-control-allow-origin"] == LISTED
        foreign = "https://evil.example.org"
        refused = await it.http.options(path, headers={"Origin": foreign, **wanted})
        assert refused.status_code == 403
        assert (await post(it, path, body, origin=foreign)).status_code == 403


async def test_a_drain_says_goodbye_and_lets_nobody_in(embedded: Service) -> None:
    """Every stream ends with the reason; a new one is told to come again, to another replica."""
    replica = embedded.services.replica
    ann = await embedded.register("ann")
    streams = [AppStream(embedded) for _ in range(3)]
    for stream in streams:
        await stream.connect(ann.token)
    await asyncio.wait_for(replica.drain(), DEADLINE_S)
    for stream in streams:
        assert await stream.end() == (3001, "shutdown")
        await stream.close()
    refused = await post(embedded, STREAM, CONNECT)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert (await post(embedded, EMULATION, spelled())).status_code == 204


async def test_a_bus_that_is_down_is_told(
    embedded: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503: the client connects again, instead of waiting for answers to what was lost."""
    monkeypatch.setattr(embedded.services.replica, "emulate", lambda *_: False)
    lost = await post(embedded, EMULATION, spelled())
    assert (lost.status_code, lost.headers["retry-after"]) == (503, "1")


async def test_emulation_is_not_worth_a_log_line(embedded: Service) -> None:
    """Nor is a session ever written down."""
    ann = await embedded.register("ann")
    with capture_logs() as logged:
        async with streaming(embedded, ann) as stream:
            await emulate(embedded, stream, {"id": 2, "ping": {}})
            await stream.reply(2)
            assert stream.address is not None
            secret = stream.address[0]
    levels = {line["route"]: line["log_level"] for line in logged if line["event"] == "request"}
    assert levels == {STREAM: "info", EMULATION: "debug"}
    assert secret not in repr(logged)
