"""A connection over the answer to an HTTP request: lines at once, and a reason before the end.

What else holds for a connection holds here, too: the tests of the replica run over streams.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.realtime.conftest import Service, settle
from tests.realtime.stream_client import StreamClient


@pytest.fixture
def service(embedded: Service) -> Service:
    """Say that neither the engine nor the bus is the point here; clients come by HTTP."""
    embedded.streaming = True
    return embedded


async def test_each_line_comes_at_once_while_the_answer_stays_open(service: Service) -> None:
    """The reply, then a publication; leaving ends it, and nothing is left."""
    replica = await service.replica()
    anna = await service.person("anna")
    stream = StreamClient(replica)
    assert "subs" in await stream.connect(service.token(anna))
    assert stream.status == 200
    assert stream.headers[b"content-type"] == b"application/x-ndjson"
    assert stream.headers[b"cache-control"] == b"no-store"
    assert stream.headers[b"x-accel-buffering"] == b"no"
    await service.do(anna, "list.create", at=replica, id=str(anna.id), title="Groceries")
    assert (await stream.push())["data"]["type"] == "list.joined"
    assert stream.address is not None
    assert stream.address[1] == replica.id
    await stream.close()
    assert not replica.connections
    assert replica.emulate(*stream.address, b"{}")  # whether it was there is not told


async def test_only_a_stream_has_an_address(service: Service) -> None:
    """On a socket the reply says nothing of the kind, and there is nothing to reach."""
    replica = await service.replica()
    service.streaming = False
    reply = await (await service.client(replica)).connect(
        service.token(await service.person("anna"))
    )
    assert not reply.keys() & {"session", "node"}


async def test_commands_may_come_with_the_connect(service: Service) -> None:
    """They run in order behind it, as those of the first frame of a socket."""
    replica = await service.replica()
    anna = await service.person("anna")
    channel = f"list:{await service.make_list(anna)}"
    stream = await service.client(replica)
    stream.say(
        {"id": 1, "connect": {"token": service.token(anna)}},
        {"id": 2, "subscribe": {"channel": channel}},
    )
    assert (await stream.reply(2))["subscribe"]["recoverable"]
    assert "connect" in await stream.reply(1)


@pytest.mark.parametrize(
    ("command", "code"),
    [({"id": 1, "connect": {"token": "no"}}, 3500), ({"id": 1, "rpc": {"method": "x"}}, 3501)],
)
async def test_the_last_line_says_why_the_server_ends(
    service: Service, command: dict[str, Any], code: int
) -> None:
    """An SDK learns from the code whether to come again."""
    replica = await service.replica()
    stream = StreamClient(replica)
    stream.say(command)
    assert (await stream.end())[0] == code
    await settle()
    assert not replica.connections
    assert stream.lines[-1].startswith(b'{"push":{"disconnect":{"code":%d,"reason":"' % code)


async def test_bad_commands_end_it_as_they_would_a_socket(service: Service) -> None:
    """With the same code, although they came another way."""
    replica = await service.replica()
    for commands, code in ((b"{nonsense", 3501), (b"\xff", 3501), (b"{}" * 140_000, 1009)):
        stream = StreamClient(replica)
        await stream.connect(service.token(await service.person(f"anna-{code}-{commands[:1]!r}")))
        assert stream.address is not None
        assert replica.emulate(*stream.address, commands)
        assert (await stream.end())[0] == code


async def test_a_reader_that_stops_is_bounded_told_and_cut(service: Service) -> None:
    """What waits stays in the outbox; after 10 s it is closed, 5 s later the server cuts it."""
    anna = await service.person("anna")
    groceries = await service.make_list(anna)
    replica = await service.replica()
    stream = StreamClient(replica)
    await stream.connect(service.token(anna))
    await stream.call("subscribe", channel=f"list:{groceries}")
    (connection,) = replica.connections
    stream.reading.clear()
    for _ in range(60):
        await service.do(
            anna, "todo.create", at=replica, list_id=str(groceries), title="x", notes="x" * 9_000
        )
    assert 0 < connection.outbox.bytes <= service.limits.outbox_bytes
    await service.clock.advance(10.5)
    assert not replica.connections
    cut = [stream.cut]
    await service.clock.advance(5.5)
    assert [*cut, stream.cut] == [False, True]
    await stream.close()


async def test_a_reader_that_was_slow_learns_why_it_was_cut(service: Service) -> None:
    """The last line is the reason, if it comes to read in time."""
    anna = await service.person("anna")
    replica = await service.replica()
    stream = StreamClient(replica)
    await stream.connect(service.token(anna))
    stream.reading.clear()
    await service.do(anna, "list.create", at=replica, id=str(anna.id), title="Groceries")
    await settle()
    await service.clock.advance(10.5)
    stream.reading.set()
    assert await stream.end() == (3008, "slow reader")


async def test_a_server_that_cannot_cut_is_left_alone(service: Service) -> None:
    """Without the extension only this side's work ends."""
    anna = await service.person("anna")
    replica = await service.replica()
    stream = StreamClient(replica)
    stream._scope = {}
    await stream.connect(service.token(anna))
    stream.reading.clear()
    await service.do(anna, "list.create", at=replica, id=str(anna.id), title="Groceries")
    await settle()
    await service.clock.advance(10.5)
    assert not stream.over()
    await service.clock.advance(5.5)
    assert stream.over()
