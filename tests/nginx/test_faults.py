"""Nginx is reloaded, and a replica killed behind it, while people write, read and follow."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect as open_socket

from tests.nginx.conftest import Arrive, Connect, StartNginx
from tests.nginx.load import UNLIMITED, Load
from tests.servers.deadline import eventually
from tests.servers.nginx import NAME
from tests.servers.unix_replica import UnixReplica

pytestmark = [pytest.mark.xdist_group("nginx"), pytest.mark.faults, pytest.mark.timeout(240)]


async def test_a_reload_loses_nothing(
    start_nginx: StartNginx, arrive: Arrive, connect: Connect, trio: list[UnixReplica]
) -> None:
    """No request fails; sockets stay for 20 s, are cut once, and go on where they were."""
    nginx = start_nginx(**UNLIMITED)
    load = await Load.begin(nginx, trio, arrive, connect)
    await load.until_acknowledged(300)

    old = nginx.reload()
    await load.remove_guest()
    await load.until_acknowledged(400)
    assert [load.cuts(device) for device in load.devices] == [0] * len(load.devices)
    assert nginx.workers() & old
    # The old workers end by themselves, though their sockets would live for ever.
    await eventually(lambda: not nginx.workers() & old, "the old workers' end", within_s=25)
    await load.until_acknowledged(400)
    await load.end()

    await load.check()
    assert load.acknowledged.total() >= 1_000
    assert [load.cuts(device) for device in load.devices] == [1] * len(load.devices)
    for person in load.people:
        assert max(person.statuses) < 400
    assert len(nginx.workers()) == 2


async def test_a_killed_replica_is_not_noticed_by_who_reads(
    start_nginx: StartNginx, arrive: Arrive, trio: list[UnixReplica]
) -> None:
    """What may be repeated is asked of another replica; a write says that it may be sent again."""
    nginx = start_nginx(**UNLIMITED)
    ann = await arrive(nginx)
    own = await ann.make_list()
    seen: list[int] = []

    async def read() -> None:
        while len(seen) < 400:
            seen.append((await ann.answer("GET", f"/lists/{own}")).status_code)

    reading = asyncio.gather(*(read() for _ in range(3)))
    try:
        await eventually(lambda: len(seen) > 100, "reads before the fault")
        await trio[0].kill()
        await reading
        for number in range(30):
            refused = await ann.answer("PUT", f"/lists/{own}/members/{ann.username}x{number}")
            assert refused.status_code in {404, 422}
    finally:
        await trio[0].launch()

    assert set(seen) == {200}
    assert ann.cut == 0
    tried_twice = [line for line in nginx.lines() if "," in line["replica"]]
    assert tried_twice, "no request met the dead replica"


async def test_a_replaced_replica_takes_every_socket(
    start_nginx: StartNginx, trio: list[UnixReplica]
) -> None:
    """One that failed and is back gets all that the others cannot take, and none has to wait."""
    nginx = start_nginx(**UNLIMITED)
    first, *others = trio

    async def open_many(count: int) -> None:
        for _ in range(count):
            await stack.enter_async_context(
                open_socket(nginx.websocket, ssl=nginx.trust(), proxy=None, open_timeout=30)
            )

    async with AsyncExitStack() as stack:
        try:
            await first.kill()
            await open_many(3)
            await first.launch()
            for replica in others:
                await replica.kill()
            await open_many(10)
        finally:
            for replica in trio:
                if replica.process is None or replica.process.returncode is not None:
                    await replica.launch()

    tried_twice = [line for line in nginx.lines() if "," in line["replica"]]
    assert tried_twice, "no handshake met the dead replica"


async def test_a_frozen_replica_does_not_get_everyone_who_comes_back(
    start_nginx: StartNginx, trio: list[UnixReplica]
) -> None:
    """It takes handshakes and answers none, and everybody has left it: others are tried as well."""
    nginx = start_nginx(**UNLIMITED)
    arrived = tries = 0
    trio[0].pause()
    try:
        async with AsyncExitStack() as stack:
            while arrived < 8:
                tries += 1
                assert tries <= 24, "handshakes go to the one that hangs"
                opening = open_socket(
                    nginx.websocket, ssl=nginx.trust(), proxy=None, open_timeout=3
                )
                with contextlib.suppress(TimeoutError):
                    await stack.enter_async_context(opening)
                    arrived += 1
    finally:
        trio[0].resume()


async def test_little_waits_for_a_reader_that_stopped(
    start_nginx: StartNginx, arrive: Arrive
) -> None:
    """Less than the megabytes that the kernel would hold, and that a slow link is late by."""
    nginx = start_nginx(**UNLIMITED)
    ann = await arrive(nginx)
    own = await ann.make_list()
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    slow.connect(("127.0.0.1", nginx.port))
    opening = open_socket(
        nginx.websocket, sock=slow, ssl=nginx.trust(), server_hostname=NAME, max_queue=1,
        proxy=None, ping_interval=None, close_timeout=0.1,
    )  # fmt: skip
    async with opening as device:
        connect = {"id": 1, "connect": {"token": ann.access_token}}
        await device.send(json.dumps(connect))
        await device.send(json.dumps({"id": 2, "subscribe": {"channel": f"list:{own}"}}))
        while "subscribe" not in json.loads(await device.recv()):
            pass
        todo = {"list_id": own, "title": "milk", "notes": "x" * 8_000, "type": "todo.create"}
        for _ in range(20):
            await ann.call("POST", "/commands", {"commands": [todo] * 25})
        device.transport.abort()

    def logged() -> list[int]:
        return [one["bytes_out"] for one in nginx.lines() if one["path"] == "/connection/websocket"]

    await eventually(logged, "the line of the log")
    assert 16_384 < logged()[0] < 1_048_576
