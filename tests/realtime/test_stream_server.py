"""Streams under uvicorn: readers that stop, and clients that go."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from starlette.requests import Request
from uvicorn.server import ServerState

from http_api.cli.listener import bind_address
from http_api.doorstep import Doorstep
from realtime import codes
from realtime.replica import Replica
from realtime.transport_asgi import Receive, Scope, Send
from store.actor import Actor
from tests.realtime.conftest import Service
from tests.servers.deadline import eventually
from tests.servers.raw_stream import RawStream

KIB = 1024
SMALL = 4 * KIB  # what the kernel takes for a reader that stopped: as little as it allows
NOTE = "x" * 8_000


class Server:
    """Hold a replica that serves streams on a port, and its people."""

    def __init__(self, service: Service, side: Replica, port: int, state: ServerState) -> None:
        self.service = service
        self.side = side
        self.port = port
        self.state = state
        self.opened: list[RawStream] = []

    @property
    def unsent(self) -> int:
        """Give the bytes in the write buffers of all connections."""
        connections: set[Any] = self.state.connections
        return sum(one.transport.get_write_buffer_size() for one in connections)

    async def follow(self, actor: Actor, list_id: UUID, **options: Any) -> RawStream:
        """Connect someone to a list; it is closed in the end."""
        raw = await RawStream.open(
            self.port,
            {"id": 1, "connect": {"token": self.service.token(actor)}},
            {"id": 2, "subscribe": {"channel": f"list:{list_id}"}},
            **options,
        )
        self.opened.append(raw)
        assert "connect" in await raw.line()
        assert "subscribe" in await raw.line()
        return raw

    async def flood(self, actor: Actor, list_id: UUID, kib: int) -> int:
        """Write todos of together at least ``kib`` KiB; gives the last offset."""
        offset = 0
        for _ in range(kib * KIB // len(NOTE) + 1):
            fields = {"list_id": str(list_id), "title": "milk", "notes": NOTE}
            made = await self.service.do(actor, "todo.create", at=self.side, **fields)
            offset = made.position.offset
        return offset


@pytest.fixture
async def server(embedded: Service) -> AsyncIterator[Server]:
    """Give a replica that serves a port; its deadlines move with the service's clock."""
    side = await embedded.replica()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await side.stream(scope, receive, send, await Request(scope, receive).body())

    config = uvicorn.Config(app, http=Doorstep, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    listener = bind_address("127.0.0.1", 0)
    listening = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=state, app_state={}
        ),
        sock=listener.socket,
    )
    made = Server(embedded, side, listener.socket.getsockname()[1], state)
    yield made
    for one in made.opened:
        one.close()
    listening.close()
    await _until(lambda: not state.connections)


async def _until(condition: Callable[[], object]) -> None:
    await eventually(condition, "it holds")


async def _stuck(server: Server) -> tuple[RawStream, UUID, int]:
    """Make a reader that stopped while far more came than anybody keeps for it."""
    ann = await server.service.person("ann")
    groceries = await server.service.make_list(ann)
    raw = await server.follow(ann, groceries, receive_bytes=SMALL)
    head = await server.flood(ann, groceries, 1_500)
    (connection,) = server.side.connections
    await _until(lambda: server.unsent and connection.outbox.bytes)
    return raw, groceries, head


async def test_what_waits_for_a_stuck_reader_is_bounded(server: Server) -> None:
    """At most 256 KiB, the server's write buffer included, however much was written."""
    await _stuck(server)
    (connection,) = server.side.connections
    assert 0 < server.unsent + connection.outbox.bytes <= 256 * KIB


async def test_a_reader_that_goes_on_gets_everything_once_and_in_order(server: Server) -> None:
    """It was merely behind: the same connection is caught up from the log."""
    raw, groceries, head = await _stuck(server)
    got: list[int] = []
    while not got or got[-1] < head:
        push = (await raw.line()).get("push", {})
        if push.get("channel") == f"list:{groceries}":
            got.append(push["pub"]["offset"])
    assert got == list(range(3, head + 1))
    assert len(server.side.connections) == 1


async def test_a_stuck_reader_learns_why_it_was_cut(server: Server) -> None:
    """After 10 s without room; the reason is the last line of a whole answer."""
    raw, _, _ = await _stuck(server)
    await server.service.clock.advance(10.5)
    assert not server.side.connections
    last: dict[str, Any] = {}
    with suppress(EOFError):
        while True:
            last = await raw.line()
    assert last == {"push": {"disconnect": {"code": 3008, "reason": "slow reader"}}}
    assert raw.whole


async def test_a_reader_that_stays_stuck_is_aborted(server: Server) -> None:
    """An end alone would wait for ever for a peer that takes nothing."""
    await _stuck(server)
    await server.service.clock.advance(10.5)
    assert server.state.connections
    await server.service.clock.advance(5.5)
    await _until(lambda: not server.state.connections)


@pytest.mark.parametrize("how", ["closed", "half-closed", "reset"])
async def test_a_client_that_goes_is_noticed_at_once(server: Server, how: str) -> None:
    """No clock has to move; the others see it leave."""
    ann = await server.service.person("ann")
    groceries = await server.service.make_list(ann)
    raw = await server.follow(ann, groceries)
    other = await server.service.client(server.side, ann)
    channel = f"list:{groceries}"
    await other.call("subscribe", channel=channel, join_leave=True)
    if how == "half-closed":
        raw.sock.shutdown(socket.SHUT_WR)
    elif how == "reset":
        raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
    else:
        raw.close()
    assert (await other.push("leave", channel))["info"]["conn_info"] == {"username": "ann"}
    await _until(lambda: len(server.side.connections) == 1)


async def test_commands_keep_their_order(server: Server) -> None:
    """However many requests they came in."""
    ann = await server.service.person("ann")
    raw = await server.follow(ann, await server.service.make_list(ann))
    for number in range(3, 103):
        command = {"id": number, "ping": {}}
        assert server.side.emulate(**raw.address, commands=json.dumps(command).encode())
    assert [(await raw.line())["id"] for _ in range(100)] == list(range(3, 103))


async def test_an_orderly_end_is_whole(server: Server) -> None:
    """A client that reads has the reason and the end of the answer."""
    ann = await server.service.person("ann")
    raw = await server.follow(ann, await server.service.make_list(ann))
    (connection,) = server.side.connections
    connection.close(codes.SHUTDOWN)
    assert (await raw.line())["push"]["disconnect"]["code"] == 3001
    with pytest.raises(EOFError):
        await raw.line()
    assert raw.whole
    assert raw.status == 200
