"""Who is slow on purpose is cut by Nginx, and never becomes a matter of the replicas."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterable

import psutil
import pytest

from tests.nginx.conftest import Arrive, Connect, StartNginx
from tests.nginx.raw import get
from tests.servers.deadline import eventually
from tests.servers.nginx import NAME, Nginx

pytestmark = [pytest.mark.xdist_group("nginx"), pytest.mark.faults, pytest.mark.timeout(240)]

_IDLE, _HALF_OPEN, _FEW = 2_000, 500, 20
_BEHIND = 200  # answers that are asked for at once and not read: 19 MB, more than any buffer holds
_FILE = "/static/vendor/centrifuge-5.8.0.js"
_HELLO = 100  # bytes of a TLS handshake's beginning that never goes on
_LONGEST_S = 120.0  # on a machine with other work; the longest of the timeouts is 15 s


class _Slow:
    """Hold clients that Nginx must get rid of; some go on sending, a byte at a time."""

    def __init__(self, nginx: Nginx) -> None:
        self._nginx = nginx
        self._opened: list[socket.socket] = []
        self._dripping: list[tuple[ssl.SSLSocket, bytes]] = []
        self.ports: set[int] = set()

    def connect(self, *, receive_bytes: int | None = None) -> socket.socket:
        """Connect and say nothing."""
        plain = socket.socket()
        if receive_bytes is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        plain.settimeout(10)
        plain.connect(("127.0.0.1", self._nginx.port))
        self._opened.append(plain)
        self.ports.add(plain.getsockname()[1])
        return plain

    def half_open(self) -> None:
        """Send the first part of a TLS handshake."""
        out = ssl.MemoryBIO()
        begun = self._nginx.trust().wrap_bio(ssl.MemoryBIO(), out, server_hostname=NAME)
        with contextlib.suppress(ssl.SSLWantReadError):
            begun.do_handshake()
        self.connect().sendall(out.read()[:_HELLO])

    def secure(self, *, receive_bytes: int | None = None) -> ssl.SSLSocket:
        """Connect and finish the TLS handshake."""
        plain = self.connect(receive_bytes=receive_bytes)
        wrapped = self._nginx.trust().wrap_socket(plain, server_hostname=NAME)
        self._opened.append(wrapped)
        return wrapped

    def drip(self, data: bytes) -> None:
        """Send ``data`` a byte a second from now on."""
        self._dripping.append((self.secure(), data))

    async def keep_dripping(self) -> None:
        """Send the next byte of each, once a second; those that were cut are over."""
        for number in range(round(_LONGEST_S)):
            for connection, data in self._dripping:
                with contextlib.suppress(OSError):
                    connection.sendall(data[number : number + 1])
            await asyncio.sleep(1)

    def close(self) -> None:
        """Close whatever is left."""
        for one in self._opened:
            one.close()


def _peers(pids: Iterable[int]) -> set[int]:
    """Give the ports at the other ends of what these processes have open."""
    held: set[int] = set()
    for pid in pids:
        for one in psutil.Process(pid).net_connections("tcp"):
            if one.raddr:
                held.add(one.raddr.port)
    return held


async def test_slow_clients_are_cut_and_nobody_else_notices(
    start_nginx: StartNginx, arrive: Arrive, connect: Connect
) -> None:
    """Header fields 5 s in all, a body 10 s and a reader 15 s without a byte."""
    nginx = start_nginx(EDGE_CONNECTIONS="8192", EDGE_OPEN_FILES="16384")
    ann = await arrive(nginx)
    list_id = (await ann.call("POST", "/lists", {"title": "Shopping"}))["list"]["id"]
    device = await connect("python", ann)
    await device.do("subscribe", channel=f"list:{list_id}")
    await device.event("subscribed", side="client", channel=f"list:{list_id}")

    slow = _Slow(nginx)
    try:
        for _ in range(_IDLE):
            slow.connect()
        for _ in range(_HALF_OPEN):
            slow.half_open()
        for _ in range(_FEW):
            slow.drip(get(nginx, "/connection/websocket", "Upgrade: websocket"))
            slow.secure().sendall(get(nginx, "/api/v1/lists", method="POST", body=b"x" * 999)[:-9])
            reader = slow.secure(receive_bytes=4_096)
            request = get(nginx, _FILE).replace(b"Connection: close\r\n", b"")
            reader.sendall(request * _BEHIND)
        assert not slow.ports.isdisjoint(_peers(nginx.workers()))
        dripping = asyncio.create_task(slow.keep_dripping())

        async def gone() -> bool:
            offsets.append((await ann.add_todo(list_id))["offset"])
            return slow.ports.isdisjoint(await asyncio.to_thread(_peers, nginx.workers()))

        offsets: list[int] = []
        await eventually(gone, "all of them are cut", within_s=_LONGEST_S)
        dripping.cancel()
    finally:
        slow.close()
    await device.event("publication", channel=f"list:{list_id}", offset=offsets[-1])
    assert device.offsets(f"list:{list_id}") == offsets
    assert [event["event"] for event in device.events].count("connected") == 1
    assert ann.cut == 0
