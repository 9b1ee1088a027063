"""The compiled client sees everything that a server sends, and every fault in its order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from bench.broadcaster import send_loop
from bench.fanout_client import Dialect, FanoutClient, fanout_client
from bench.fanout_run import Load, fan_out
from tests.servers.missing import program
from tests.servers.run import Run

_CENTRIFUGO = Dialect(
    "centrifugo",
    "/connection/websocket",
    ('{"id":1,"connect":{}}\t{"id":2,"subscribe":{"channel":"list:x","offset":$offset}}',),
)
_UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Give a run, in which the client is built once."""
    program("cc", package="gcc")
    made = Run(tmp_path_factory.mktemp("run"))
    yield made
    made.end_all()


def _text(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def _publication(offset: int, data: bytes = b"{}") -> bytes:
    return b'{"push":{"channel":"list:x","pub":{"data":%b,"offset":%d}}}' % (data, offset)


async def _greeting(reader: asyncio.StreamReader) -> bytes:
    """Give the subscribe command, the last one of the first frame."""
    await reader.readuntil(b'"subscribe"')
    return await reader.readuntil(b"}}")


@asynccontextmanager
async def _server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    refusals: Sequence[bytes] = (),
) -> AsyncIterator[int]:
    """Answer each upgrade, then let ``talk`` go on; give the port. ``refusals`` come before."""
    left = list(refusals)
    talks: set[asyncio.Task[Any]] = set()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(cast("asyncio.Task[Any]", asyncio.current_task()))
        await reader.readuntil(b"\r\n\r\n")
        if left:
            writer.write(left.pop(0))
            writer.close()
            return
        writer.write(_UPGRADED)
        try:
            await talk(reader, writer)
            while await reader.read(1_000):
                pass
        except ConnectionError:
            pass  # the client resets what it ends
        finally:
            writer.close()

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        async with asyncio.timeout(30):
            await asyncio.gather(*talks)


def _says(
    *frames: bytes,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Answer the join at position 40, then send these bytes, each piece in a packet of its own."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _greeting(reader)
        writer.write(_text(b'{"id":1,"connect":{}}\n{"id":2,"subscribe":{"offset":40}}'))
        for frame in frames:
            writer.write(frame)
            await writer.drain()
            await asyncio.sleep(0.01)  # or the kernel would hand two pieces over as one

    return talk


async def _joined(client: FanoutClient, port: int, *, since: int = 0) -> None:
    await client.open(1, [port], since=since)


async def test_every_delivery_is_counted_and_stamped(run: Run) -> None:
    """All messages of all frames reach all sockets, in order, and have a delay."""
    async with send_loop(run) as server, fanout_client(run, server.dialect) as client:
        await client.open(30, [server.port])
        for load in (Load(4, 200.0), Load(40, 200.0, 10)):
            seen = await fan_out(client, server, load)
            assert seen.delays["deliveries"] == 30 * load.publications
            assert 0 <= seen.delays["p50"] <= seen.delays["p99"] <= seen.delays["max"]
            assert seen.cpu_us > 0


@pytest.mark.parametrize("size", [0, 10, 200, 70_000])
async def test_frames_of_any_length_are_read(run: Run, size: int) -> None:
    """Lengths of 7, 16 and 64 bits; what looks like an offset inside the data does not count."""
    data = b'{"offset":7,"text":"%b"}' % (b"x" * size)
    frame = _text(_publication(41, data) + b"\n" + _publication(42, data))
    half = len(frame) // 2
    async with (
        _server(_says(frame[:1], frame[1:half], frame[half:])) as port,
        fanout_client(run, _CENTRIFUGO) as client,
    ):
        await _joined(client, port)
        said = await client.expect(1, 42, within_s=5)
        assert (said["deliveries"], said["gaps"], said["duplicates"]) == (2, 0, 0)


@pytest.mark.parametrize(
    ("offsets", "gaps", "duplicates"),
    [((41, 43), 1, 0), ((41, 41, 42), 0, 1), ((42, 41, 43), 1, 1)],
)
async def test_a_gap_a_duplicate_and_another_order_are_seen(
    run: Run, offsets: Iterable[int], gaps: int, duplicates: int
) -> None:
    """Each offset is held to be exactly one higher than the last."""
    frames = [_text(_publication(offset)) for offset in offsets]
    async with (
        _server(_says(*frames)) as port,
        fanout_client(run, _CENTRIFUGO) as client,
    ):
        await _joined(client, port)
        said = await client.expect(1, max(offsets), within_s=5)
        assert (said["gaps"], said["duplicates"]) == (gaps, duplicates)


async def test_what_was_missed_comes_with_the_reply(run: Run) -> None:
    """A recovered position goes on with the publications of the reply, then live."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await _greeting(reader)
        assert b'"offset":40' in asked
        missed = b",".join(b'{"data":{"offset":3},"offset":%d}' % each for each in (41, 42))
        reply = b'{"recovered":true,"offset":40,"publications":[%b]}' % missed
        writer.write(_text(b'{"id":2,"subscribe":%b}' % reply) + _text(_publication(43)))

    async with _server(talk) as port, fanout_client(run, _CENTRIFUGO) as client:
        await _joined(client, port, since=40)
        said = await client.expect(1, 43, within_s=5)
        assert (said["deliveries"], said["gaps"], said["unrecovered"]) == (3, 0, 0)


async def test_a_lost_position_is_seen(run: Run) -> None:
    """A reply without recovery counts, though the socket lives on from the head."""
    async with _server(_says()) as port, fanout_client(run, _CENTRIFUGO) as client:
        await _joined(client, port, since=30)
        assert (await client.status())["unrecovered"] == 1


async def test_a_refusal_is_told(run: Run) -> None:
    """An error reply ends the join, with its words."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _greeting(reader)
        writer.write(_text(b'{"id":1,"error":{"code":109,"message":"token expired"}}'))

    async with _server(talk) as port, fanout_client(run, _CENTRIFUGO) as client:
        with pytest.raises(RuntimeError, match="token expired"):
            await _joined(client, port)


async def test_pings_of_both_kinds_are_answered(run: Run) -> None:
    """The protocol's empty object comes back, and a ping frame's payload in a pong."""
    answered: asyncio.Queue[bytes] = asyncio.Queue()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _says(_text(b"{}"), b"\x89\x02ab")(reader, writer)
        answered.put_nowait(await reader.readexactly(8 + 8))

    async with _server(talk) as port, fanout_client(run, _CENTRIFUGO) as client:
        await _joined(client, port)
        async with asyncio.timeout(30):
            assert await answered.get() == b"\x81\x82\0\0\0\0{}" + b"\x8a\x82\0\0\0\0ab"


async def test_a_socket_that_is_cut_off_comes_back_where_it_was(run: Run) -> None:
    """It joins again elsewhere from its own last offset, and goes on without a gap."""
    cut = asyncio.Event()

    async def first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _says(_text(_publication(41)))(reader, writer)
        await cut.wait()
        writer.close()

    async def second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b'"offset":41}' in await _greeting(reader)
        reply = b'{"id":2,"subscribe":{"recovered":true,"offset":41}}'
        writer.write(_text(reply) + _text(_publication(42)))

    async with (
        _server(first) as here,
        _server(second) as there,
        fanout_client(run, _CENTRIFUGO) as client,
    ):
        await _joined(client, here)
        await client.expect(1, 41, within_s=5)
        await client.come_back([there], from_s=0.01, to_s=1)
        cut.set()
        said = await client.expect(1, 42, within_s=5)
        counts = [said[name] for name in ("cut", "gaps", "duplicates", "unrecovered")]
        assert counts == [1, 0, 0, 0]


async def test_who_is_refused_by_a_busy_server_comes_back(run: Run) -> None:
    """A patient crowd counts the refusal and ends up whole; an impatient one is an error."""
    refusals = [b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"HTTP/1.1 503 Busy\r\n\r\n"]
    answer = _text(b'{"id":2,"subscribe":{"offset":40}}')

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _greeting(reader)
        writer.write(answer)

    async with (
        _server(talk, refusals) as port,
        fanout_client(run, _CENTRIFUGO) as first,
        fanout_client(run, _CENTRIFUGO) as second,
    ):
        with pytest.raises(RuntimeError, match="503"):
            await first.open(1, [port])
        said = await second.open(2, [port], patient=True, at_once=1)
        assert said["refused"] == 1
        assert (await second.status())["live"] == 2


async def test_socket_io_is_spoken_as_far_as_needed(run: Run) -> None:
    """The namespace is joined, pings are answered, events are read."""
    heard = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_text(b'0{"sid":"a"}'))
        heard.append(await reader.readexactly(8))
        writer.write(_text(b'40{"sid":"b"}') + _text(b"2"))
        heard.append(await reader.readexactly(7))
        writer.write(_text(b'42["change",{"offset":1}]'))

    dialect = Dialect("socketio", "/socket.io/?EIO=4&transport=websocket")
    async with _server(talk) as port, fanout_client(run, dialect) as client:
        await _joined(client, port)
        await client.expect(1, 1, within_s=5)
    assert [each[6:] for each in heard] == [b"40", b"3"]
