"""Sockets that do not behave, under uvicorn: readers that stop, and floods of small frames."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
import uvicorn
from uvicorn.server import ServerState

from http_api.cli.listener import bind_address
from http_api.doorstep import Doorstep
from http_api.origins import OriginPolicy
from http_api.socket_door import DOOR, SocketDoor
from realtime import codes
from realtime.connection import Connection
from realtime.frames import FrameReader
from realtime.outbox import Weight
from realtime.replica import Replica as Side
from realtime.transport import SocketTransport
from store.actor import Actor
from tests.realtime.conftest import Service
from tests.servers.deadline import eventually
from tests.servers.fixtures import StartReplica
from tests.servers.person import Person
from tests.servers.python_client import PythonClient
from tests.servers.raw_websocket import CLOSE, CONT, PING, PONG, TEXT, RawWebSocket, frame
from tests.servers.replica import Replica

KIB = 1024
SMALL = 4 * KIB  # what the kernel takes for a reader that stopped: as little as it allows
NOTE = "x" * 8_000


class Server:
    """Hold a replica behind uvicorn's protocols, on a port."""

    def __init__(self, side: Side, port: int, state: ServerState) -> None:
        self.side = side
        self.port = port
        self._state = state
        self._opened: list[RawWebSocket] = []

    async def open(self, *, receive_bytes: int | None = None) -> RawWebSocket:
        """Open a socket; it is closed in the end."""
        made = await RawWebSocket.open(self.port, receive_bytes=receive_bytes)
        self._opened.append(made)
        return made

    def close(self) -> None:
        """Close what was opened."""
        for one in self._opened:
            one.close()

    @property
    def sockets(self) -> list[SocketTransport]:
        """Give the server's ends of all connections."""
        connections: set[Any] = self._state.connections
        return [one for one in connections if isinstance(one, SocketTransport)]

    def connection(self, client: str) -> Connection:
        """Give the server's side of a client."""
        return next(one for one in self.side.connections if one.session.client == client)


@asynccontextmanager
async def _serving(side: Side) -> AsyncIterator[Server]:
    services: Any = SimpleNamespace(replica=side, origins=OriginPolicy.of(()))
    door = SocketDoor(lambda: services)
    config = uvicorn.Config(door, http=Doorstep, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    listener = bind_address("127.0.0.1", 0)
    listening = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=state, app_state={DOOR: door}
        ),
        sock=listener.socket,
    )
    made = Server(side, listener.socket.getsockname()[1], state)
    yield made
    made.close()
    listening.close()
    await _until(lambda: not state.connections)


@pytest.fixture
async def server(embedded: Service) -> AsyncIterator[Server]:
    """Give a replica that serves a port; its deadlines move with the service's clock."""
    async with _serving(await embedded.replica()) as made:
        yield made


@pytest.fixture
def service(embedded: Service) -> Service:
    """Say that neither the engine nor the bus is the point here."""
    return embedded


async def _until(condition: Callable[[], object], *, within_s: float = 10.0) -> None:
    async def holds() -> object:
        return condition()

    await eventually(holds, "it holds", within_s=within_s)


async def _follow(
    service: Service, server: Server, actor: Actor, list_id: UUID, **options: Any
) -> tuple[RawWebSocket, str]:
    """Connect someone to a list; gives the socket and the client's id."""
    raw = await server.open(**options)
    connected = await raw.call(1, "connect", token=service.token(actor))
    reply = await raw.call(2, "subscribe", channel=f"list:{list_id}")
    assert "subscribe" in reply
    return raw, connected["connect"]["client"]


async def _flood(service: Service, server: Server, actor: Actor, list_id: UUID, kib: int) -> int:
    """Write todos of together at least ``kib`` KiB; gives the last offset."""
    offset = 0
    for _ in range(kib * KIB // len(NOTE) + 1):
        fields = {"list_id": str(list_id), "title": "milk", "notes": NOTE}
        made = await service.do(actor, "todo.create", at=server.side, **fields)
        offset = made.position.offset
    return offset


async def _stuck(service: Service, server: Server) -> tuple[RawWebSocket, str, UUID, int]:
    """Make a reader that stopped while far more came than anybody keeps for it."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    raw, client = await _follow(service, server, ann, groceries, receive_bytes=SMALL)
    head = await _flood(service, server, ann, groceries, 1_500)
    await _until(lambda: server.sockets[0].full)
    return raw, client, groceries, head


# --- a reader that stops ---


async def test_what_waits_for_a_stuck_reader_is_bounded(service: Service, server: Server) -> None:
    """At most 256 KiB, the server's write buffer included, however much was written."""
    _, client, _, _ = await _stuck(service, server)
    (wire,) = server.sockets
    waiting = wire.unsent + server.connection(client).outbox.bytes
    assert 0 < waiting <= 256 * KIB


async def test_a_reader_that_goes_on_gets_everything_once_and_in_order(
    service: Service, server: Server
) -> None:
    """It was merely behind: the same connection is caught up from the log."""
    raw, client, groceries, head = await _stuck(service, server)
    got: list[int] = []
    while not got or got[-1] < head:
        got += [
            message["push"]["pub"]["offset"]
            for message in await raw.messages()
            if message.get("push", {}).get("channel") == f"list:{groceries}"
        ]
    assert got == list(range(got[0], head + 1))
    assert got[0] == 3  # list.created and member.added were there at the subscribe
    assert server.connection(client).session.is_open


async def test_a_reader_that_takes_a_page_in_ten_seconds_has_time_for_its_pong(
    service: Service, server: Server
) -> None:
    """A ping stands in the same queue as the pages: whoever reads on is alive."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    raw, client = await _follow(service, server, ann, groceries, receive_bytes=SMALL)
    await service.clock.advance(20.0)
    await _flood(service, server, ann, groceries, 2_500)
    await _until(lambda: server.sockets[0].full)
    for _ in range(2):
        await service.clock.advance(9.0)  # the first ping is due after 5 s
        assert server.connection(client).session.is_open
        got = 0
        while got < 60:
            got += len(await raw.messages())
        await _until(lambda: server.sockets[0].full)
    await service.clock.advance(10.5)
    assert await raw.closed() == (3008, "slow reader")


async def test_a_stuck_reader_learns_why_it_was_cut(service: Service, server: Server) -> None:
    """After 10 s without room; the close frame goes behind what the kernel has."""
    raw, client, _, _ = await _stuck(service, server)
    await service.clock.advance(9.0)
    assert server.connection(client).session.is_open
    await service.clock.advance(1.5)
    assert await raw.closed() == (3008, "slow reader")
    assert not server.side.connections


async def test_a_reader_that_stays_stuck_is_aborted(service: Service, server: Server) -> None:
    """A close alone would wait for ever for a peer that takes nothing."""
    await _stuck(service, server)
    await service.clock.advance(10.5)
    assert server.sockets
    await service.clock.advance(5.5)
    await _until(lambda: not server.sockets)


async def test_a_farewell_that_cannot_be_sent_ends_in_an_abort(
    service: Service, server: Server
) -> None:
    """Closed for another reason, with replies still waiting: 5 s, and the socket is gone."""
    _, client, _, _ = await _stuck(service, server)
    connection = server.connection(client)
    connection.push(b"{}", Weight.REPLY)
    connection.close(codes.SHUTDOWN)
    await service.clock.advance(5.5)
    await _until(lambda: not server.sockets)


@pytest.mark.parametrize("half", ["half-closed", "said goodbye"])
async def test_a_peer_that_ends_without_reading_is_aborted(
    service: Service, server: Server, half: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end of the conversation is over, and our end cannot be written."""
    monkeypatch.setattr(SocketTransport, "close_s", 0.2)
    raw, _, _, _ = await _stuck(service, server)
    if half == "half-closed":
        raw.sock.shutdown(1)
    else:
        await raw.send(frame(CLOSE, (1000).to_bytes(2, "big")))
    await _until(lambda: not server.sockets)
    await _until(lambda: not server.side.connections)


async def test_an_orderly_end_is_not_cut_short(service: Service, server: Server) -> None:
    """Who answers the close frame sees the code, and nothing is left."""
    ann = await service.person("ann")
    raw, client = await _follow(service, server, ann, await service.make_list(ann))
    server.connection(client).close(codes.SHUTDOWN)
    assert await raw.closed() == (3001, "shutdown")
    await raw.send(frame(CLOSE, (3001).to_bytes(2, "big")))
    await raw.ended()
    await _until(lambda: not server.sockets)


# --- floods of small frames ---


async def test_a_message_in_some_frames_is_one_message(service: Service, server: Server) -> None:
    """64 are allowed, and pings may come between them."""
    ann = await service.person("ann")
    raw = await server.open()
    text = json.dumps({"id": 1, "connect": {"token": service.token(ann)}}).encode()
    parts = [frame(CONT, text[n : n + 1], fin=False) for n in range(1, 63)]
    sent = [frame(TEXT, text[:1], fin=False), *parts, frame(PING, b"?"), frame(CONT, text[63:])]
    await raw.send(b"".join(sent))
    assert await raw.read_frame() == (PONG, b"?")
    (reply,) = await raw.messages()
    assert reply["id"] == 1
    assert "connect" in reply


async def test_the_reason_arrives_though_the_flood_goes_on(server: Server) -> None:
    """What was under way is read, so that the kernel does not reset; not more than 1 MiB of it."""
    raw = await server.open()
    await raw.send(frame(PONG, b"x" * 100) * 5_000)
    assert await raw.closed() == (3013, "too many requests")
    assert server.sockets
    with contextlib.suppress(OSError):
        await raw.send(frame(PONG, b"x" * 100) * 20_000)
    await _until(lambda: not server.sockets)


async def test_ten_pings_are_answered(server: Server) -> None:
    """Who asks politely gets its answers."""
    raw = await server.open()
    await raw.send(b"".join(frame(PING, bytes([n])) for n in range(10)))
    assert [await raw.read_frame() for _ in range(10)] == [(PONG, bytes([n])) for n in range(10)]


async def test_pongs_do_not_fill_the_buffer_of_a_reader_that_stopped(
    service: Service, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten pings a second for an hour are nothing to a server that does not answer them."""
    raw, _, _, _ = await _stuck(service, server)
    (wire,) = server.sockets
    before = wire.unsent
    monkeypatch.setattr(FrameReader, "max_control_frames", 10_000)
    await raw.send(frame(PING, b"x" * 100) * 1_000)
    await asyncio.sleep(0)
    await _until(lambda: wire._reader._controls == 1_000)
    assert wire.unsent <= before


# --- the whole server ---


@pytest.mark.faults
async def test_stuck_readers_cost_little_and_are_gone_in_time(start_replica: StartReplica) -> None:
    """Forty stop reading: memory stays flat, others get everything, and all of them are cut."""
    replica = await start_replica(RATE_LIMITS="off")
    assert replica.process is not None
    server = psutil.Process(replica.process.pid)
    ann = await Person.register(replica)
    list_id = await ann.make_list()
    channel = f"list:{list_id}"
    follower = PythonClient()
    follower.answers["token"] = ann.refresh
    await follower.do("connect", url=replica.websocket, token=ann.access_token)
    await follower.do("subscribe", channel=channel)
    await follower.event("subscribed", side="client", channel=channel)
    stuck = [await _stop_reading(replica, ann, list_id)]
    for _ in range(2):  # what a flood and the first such reader cost is paid before it counts
        await _write(ann, list_id)

    memory = server.memory_info().rss
    stuck += await asyncio.gather(*(_stop_reading(replica, ann, list_id) for _ in range(40)))
    stuck_ports = {one.sock.getsockname()[1] for one in stuck[1:]}
    # Not at the first look: the kernel's table may skip a row while others come and go.
    await _until(lambda: stuck_ports <= _peers(server))
    offset = await _write(ann, list_id)
    await follower.event("publication", channel=channel, offset=offset)
    grown = server.memory_info().rss - memory
    assert grown <= (40 * 256 + 2 * KIB) * KIB, grown  # kept whole, the flood would be 80 MiB

    await _until(lambda: not stuck_ports & _peers(server), within_s=60.0)
    lines = replica.process.log(last=KIB * KIB).splitlines()
    log = [json.loads(line) for line in lines if line.startswith("{")]
    ends = [line["code"] for line in log if line["event"] == "connection_closed"]
    assert ends == [3008] * 41
    offsets = follower.offsets(channel)
    assert offsets == list(range(offsets[0], offset + 1))
    await follower.aclose()
    for one in stuck:
        one.close()


def _peers(server: psutil.Process) -> set[int]:
    """Give the ports at the other ends of the process's descriptors."""
    connected = psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT
    return {one.raddr.port for one in server.net_connections("tcp") if one.status in connected}


async def _stop_reading(replica: Replica, person: Person, list_id: str) -> RawWebSocket:
    raw = await RawWebSocket.open(replica.port, receive_bytes=SMALL)
    assert "connect" in await raw.call(1, "connect", token=person.access_token)
    assert "subscribe" in await raw.call(2, "subscribe", channel=f"list:{list_id}")
    return raw


async def _write(person: Person, list_id: str) -> int:
    """Write 2 MiB of todos; gives the last offset."""
    offset = 0
    for _ in range(10):
        commands = [
            {
                "type": "todo.create",
                "op": str(uuid4()),
                "list_id": list_id,
                "title": "milk",
                "notes": NOTE,
            }
            for _ in range(26)
        ]
        done = await person.call("POST", "/commands", {"commands": commands})
        offset = done["results"][-1]["body"]["offset"]
    return offset
