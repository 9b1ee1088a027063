"""What all servers that fan out have in common, and the C loop, the least of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from bench.cores import SERVER_CORE
from bench.fanout_client import Dialect
from bench.native import build
from tests.servers.ports import free_port
from tests.servers.run import Run

__all__ = ["MESSAGE_BYTES", "Broadcaster", "send_loop"]

MESSAGE_BYTES = 240
"""The size of a publication, in everything but Lockstep, which sends its own."""


class Broadcaster(Protocol):
    """Hold one running server, alone on its core."""

    name: str
    pid: int
    port: int
    dialect: Dialect

    async def publish(self, together: int = 1) -> Mapping[int, int]:
        """Send ``together`` publications to everyone in one turn.

        Gives, by offset, the nanoseconds since 1970 just before that.
        """

    def begun(self, moments: Mapping[int, int]) -> Mapping[int, int]:
        """Give, for published offsets, from when on they could be sent: after a COMMIT, say."""

    async def collect(self) -> None:
        """Have it give back what memory it does not need."""


class _SendLoop:
    """Hold the C program ``sendloop``."""

    name = "C loop of send()"
    dialect = Dialect("plain", "/")

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.pid = process.pid
        self.port = port

    async def publish(self, together: int = 1) -> Mapping[int, int]:
        """Write one frame of ``together`` messages to each socket."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"publish %d\n" % together)
        words = (await self._process.stdout.readline()).split()
        return {int(offset): int(ns) for offset, _, ns in (word.partition(b":") for word in words)}

    def begun(self, moments: Mapping[int, int]) -> Mapping[int, int]:
        """Give the moments themselves."""
        return moments

    async def collect(self) -> None:
        """Do nothing: it keeps nothing."""


@asynccontextmanager
async def send_loop(run: Run) -> AsyncIterator[Broadcaster]:
    """Start the C loop on the server's core; it ends with the block."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        build("sendloop", run.directory),
        str(port),
        str(MESSAGE_BYTES),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    run.enter(process.pid)
    os.sched_setaffinity(process.pid, {SERVER_CORE})
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield _SendLoop(process, port)
    finally:
        process.stdin.close()
        await process.wait()
        run.leave(process.pid)
