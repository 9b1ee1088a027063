"""Follow lists on many sockets while todos are written at a steady rate (in the load process)."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import orjson
import psutil

from bench.client_http import HttpClient, post
from bench.client_socket import SocketClient
from bench.frames import FrameReader

__all__ = ["Followed", "Socket", "Write", "follow"]

_SETTLE_S = 0.3
_WRITERS = 16  # connections at first; a late answer does not hold up the next write: one more


@dataclass(frozen=True, slots=True)
class Socket:
    """Say where a socket connects, as whom, and what it follows."""

    url: str
    token: str
    list_id: str


@dataclass(frozen=True, slots=True)
class Write:
    """Hold one write: its list and offset; sent and answered in nanoseconds since 1970."""

    list_id: str
    offset: int
    sent: int
    answered: int

    @property
    def key(self) -> tuple[str, int]:
        """Name the entry."""
        return self.list_id, self.offset


@dataclass(frozen=True, slots=True)
class Followed:
    """Hold what was written, and what each socket received of its list.

    ``lists`` names each socket's list, ``received`` maps offsets to nanoseconds since 1970;
    ``failed`` says why each write that failed did.
    ``joining_cpu`` and ``delivering_cpu`` are the seconds of processor time that the watched
    process used until all sockets followed their lists, and during what was measured.
    """

    writes: tuple[Write, ...]
    lists: tuple[str, ...]
    received: tuple[dict[int, int], ...]
    failed: tuple[str, ...]
    joining_cpu: float
    delivering_cpu: float


async def follow(
    sockets: Sequence[Socket],
    writers: Sequence[tuple[str, str, str]],
    *,
    rate: float,
    seconds: float,
    warm_up: int = 0,
    begun: Path | None = None,
    watched: int | None = None,
    settle_s: float = _SETTLE_S,
) -> Followed:
    """Write ``rate`` todos a second, in turn by each of ``writers``: (origin, token, list id).

    ``warm_up`` further writes come before what is measured; ``begun`` is a file made when that
    begins; ``watched`` the process id of a replica. After the last write ``settle_s`` are left
    for what is still on its way. Raises AssertionError when a socket did not get every entry of
    its list, each once, in order.
    """
    replica = psutil.Process(watched)  # None: this process itself
    started = _cpu(replica)
    clients = [await SocketClient.open(each.url, each.token) for each in sockets]
    for client, socket in zip(clients, sockets, strict=True):
        await client.subscribe(f"list:{socket.list_id}")
    joined = _cpu(replica)
    if warm_up:
        await _write(writers, rate, warm_up / rate)
    await asyncio.sleep(_SETTLE_S)
    for client in clients:
        client.record = []
    before = _cpu(replica)
    if begun is not None:
        await asyncio.to_thread(begun.touch)
    writes, failed = await _write(writers, rate, seconds)
    await asyncio.sleep(settle_s)
    used = _cpu(replica) - before
    received = tuple(_read(client.record or []) for client in clients)
    for client in clients:
        client.close()
    for socket, got in zip(sockets, received, strict=True):
        due = {write.offset for write in writes if write.list_id == socket.list_id}
        assert due <= got.keys(), f"{len(due - got.keys())} of {len(due)} not delivered"
    return Followed(
        tuple(writes),
        tuple(each.list_id for each in sockets),
        received,
        tuple(failed),
        joined - started,
        used,
    )


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _write(
    writers: Sequence[tuple[str, str, str]], rate: float, seconds: float
) -> tuple[list[Write], list[str]]:
    places = [urlsplit(origin) for origin, _, _ in writers]
    idle: dict[str, list[HttpClient]] = {}
    for place in places:
        if place.netloc not in idle:
            idle[place.netloc] = [await _open(place) for _ in range(_WRITERS)]
    writes: list[Write] = []
    failures: list[str] = []

    async def write(number: int) -> None:
        _, token, list_id = writers[number % len(writers)]
        place = places[number % len(writers)]
        spare = idle[place.netloc]
        body = orjson.dumps({"title": f"number {number}"})
        request = post(f"/api/v1/lists/{list_id}/todos", token, str(uuid.uuid4()), body)
        try:
            client = spare.pop() if spare else await _open(place)
            sent = time.time_ns()
            answer = await client.send(request)
            answered = time.time_ns()
            spare.append(client)
        except OSError as error:
            failures.append(repr(error)[:300])
            return
        offset = int(answer[answer.rindex(b":") + 1 : -1])
        writes.append(Write(list_id, offset, sent, answered))

    loop = asyncio.get_running_loop()
    begin = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + number / rate - loop.time()))
            group.create_task(write(number))
    for clients in idle.values():
        for client in clients:
            client.close()
    return writes, failures


async def _open(place: SplitResult) -> HttpClient:
    return await HttpClient.open(place.hostname or "", place.port or 80)


def _read(record: list[tuple[int, bytes]]) -> dict[int, int]:
    """Give when each offset came; the bytes are looked at only now, after the run."""
    reader, received, last = FrameReader(), dict[int, int](), 0
    for stamp, data in record:
        for message in reader.feed(data):
            publication = orjson.loads(message).get("push", {}).get("pub")
            if publication is None:
                continue
            offset = publication["offset"]
            assert last in {0, offset - 1}, f"{offset} came after {last}"
            received[offset] = stamp
            last = offset
    return received
