"""Write todos as fast as the service answers, each client one at a time (in the load process)."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.client_http import HttpClient, post
from bench.client_socket import SocketClient

__all__ = ["Written", "write_http", "write_rpc"]


@dataclass(frozen=True, slots=True)
class Written:
    """Hold what a run did after its warm-up.

    ``seconds`` it took, the latency of each write in seconds, and the share of a core (0 to 1)
    that the clients themselves used.
    """

    seconds: float
    latencies: tuple[float, ...]
    client_load: float

    @property
    def rate(self) -> float:
        """Give the writes a second."""
        return len(self.latencies) / self.seconds


async def write_http(
    origin: str,
    tokens: Sequence[str],
    lists: Sequence[str],
    *,
    clients: int,
    count: int,
    within_s: float,
) -> Written:
    """Create ``count`` todos over HTTP, or as many as ``within_s`` allows, on kept connections.

    Client n acts with the n-th token, in turn on each of the lists. A tenth is the warm-up.
    Raises ConnectionError when any write is refused.
    """
    place = urlsplit(origin)
    made = [await HttpClient.open(place.hostname or "", place.port or 80) for _ in range(clients)]

    def writer(number: int) -> Callable[[int], Awaitable[bytes]]:
        client, token = made[number], tokens[number % len(tokens)]
        body = b'{"title":"Buy two litres of milk"}'

        def write(turn: int) -> Awaitable[bytes]:
            list_id = lists[(number + turn * clients) % len(lists)]
            return client.send(
                post(f"/api/v1/lists/{list_id}/todos", token, str(uuid.uuid4()), body)
            )

        return write

    written = await _drive([writer(number) for number in range(clients)], count, within_s)
    for client in made:
        client.close()
    return written


async def write_rpc(
    url: str,
    tokens: Sequence[str],
    lists: Sequence[str],
    *,
    clients: int,
    count: int,
    within_s: float,
) -> Written:
    """Create todos by RPC on sockets that follow no list; otherwise as ``write_http``."""
    made = [await SocketClient.open(url, tokens[number % len(tokens)]) for number in range(clients)]

    def writer(number: int) -> Callable[[int], Awaitable[bytes]]:
        async def write(turn: int) -> bytes:
            list_id = lists[(number + turn * clients) % len(lists)]
            reply = await made[number].send(
                b'{"rpc":{"method":"todo.create","data":{"op":"%b","list_id":"%b",'
                b'"title":"Buy two litres of milk"}}}'
                % (str(uuid.uuid4()).encode(), list_id.encode())
            )
            if b'"error":' in reply[:60]:
                raise ConnectionError(reply.decode())
            return reply

        return write

    written = await _drive([writer(number) for number in range(clients)], count, within_s)
    for client in made:
        client.close()
    return written


async def _drive(
    writers: Sequence[Callable[[int], Awaitable[bytes]]], count: int, within_s: float
) -> Written:
    latencies: list[float] = []
    warm_up = count // 10
    started = 0
    begin = end = time.perf_counter()
    deadline = begin + within_s
    used = time.process_time()
    measured_from = begin

    async def work(write: Callable[[int], Awaitable[bytes]]) -> None:
        nonlocal started, end, used, measured_from
        turn = 0
        while started < count + warm_up and end < deadline:
            started += 1
            sent = time.perf_counter()
            await write(turn)
            end = time.perf_counter()
            turn += 1
            latencies.append(end - sent)
            if len(latencies) == warm_up:
                measured_from, used = end, time.process_time()

    async with asyncio.TaskGroup() as group:
        for write in writers:
            group.create_task(work(write))
    if len(latencies) <= warm_up:
        raise TimeoutError(f"{len(latencies)} writes in {within_s} s: not even the warm-up")
    seconds = end - measured_from
    return Written(seconds, tuple(latencies[warm_up:]), (time.process_time() - used) / seconds)
