"""The compiled load client (``bench/client/fanout.c``), one process, up to 20,000 sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.cores import CLIENT_CORE
from bench.native import build
from tests.servers.run import Run

__all__ = ["BACK_FROM_S", "BACK_TO_S", "Dialect", "FanoutClient", "fanout_client"]

BACK_FROM_S, BACK_TO_S = 0.5, 20.0
"""The delays of the official JavaScript SDK."""

_ANSWER_S = 60.0


@dataclass(frozen=True, slots=True)
class Dialect:
    """Say how sockets speak to a server.

    ``format`` is the client's word for it (see ``fanout.c``); ``greetings`` are the first messages,
    used in turn; in one a tab stands for a newline, ``$offset`` for the socket's own position.
    """

    format: str
    path: str
    greetings: tuple[str, ...] = ()


class FanoutClient:
    """Hold the process; one question at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def open(
        self,
        count: int,
        ports: Sequence[int],
        *,
        at_once: int = 64,
        since: int = 0,
        within_s: float = _ANSWER_S,
        patient: bool = False,
    ) -> Mapping[str, Any]:
        """Join with ``count`` more sockets, ``at_once`` at a time, from position ``since``.

        ``patient``: who is refused, because the server is busy, comes back like an SDK until all
        are live; ``refused`` in the answer is how many attempts were, ``seconds`` is until then.
        Raises RuntimeError with the first reason when not all of them could join in time.
        """
        live, begin = 0, time.monotonic()
        if patient:
            live = int((await self.status())["live"])
            await self.come_back(ports, from_s=BACK_FROM_S, to_s=BACK_TO_S)
        line = f"open {count} {at_once} {since} {within_s * 1000:.0f} {_places(ports)}"
        said = await self.ask(line, within_s + 5)
        if not said["failed"]:
            return {**said, "refused": 0}
        if not patient:
            raise RuntimeError(f"{said['failed']} of {count} could not join: {said['why']}")
        there = await self.expect(live + count, since, within_s=within_s)
        return {**said, "refused": there["refused"], "seconds": time.monotonic() - begin}

    async def come_back(self, ports: Sequence[int], *, from_s: float, to_s: float) -> None:
        """From now on, let sockets that are cut off join again there.

        They wait as the official JavaScript SDK does: ``from_s`` and up to as much again, twice as
        much after each failure, never over ``to_s``.
        """
        await self._say(f"return {from_s * 1000:.0f} {to_s * 1000:.0f} {_places(ports)}")

    async def record(self, base: int) -> None:
        """Forget all stamps; from now on, stamp deliveries of what is above ``base``."""
        await self._say(f"record {base}")

    async def expect(self, live: int, offset: int, *, within_s: float) -> Mapping[str, Any]:
        """Wait until ``live`` sockets are live and have ``offset``; give the status then.

        Raises TimeoutError with the status when that does not happen in time.
        """
        said = await self.ask(f"expect {live} {offset} {within_s * 1000:.0f}", within_s + 5)
        if said["event"] != "reached":
            raise TimeoutError(f"not all {live} sockets have {offset}: {said}")
        return said

    async def delays(self, moments: Mapping[int, int]) -> Mapping[str, Any]:
        """Give, in milliseconds, how late publications came after their moments, over all sockets.

        ``moments``: nanoseconds since 1970 by offset.
        """
        pairs = " ".join(f"{offset}:{moment}" for offset, moment in moments.items())
        return await self.ask(f"delays {pairs}")

    async def status(self) -> Mapping[str, Any]:
        """Give the counts: live, deliveries, gaps, duplicates, cut, refused, lowest, highest."""
        return await self.ask("status")

    async def close(self) -> None:
        """Cut all sockets; the counts begin at zero again."""
        await self.ask("close")

    async def ask(self, line: str, within_s: float = _ANSWER_S) -> Mapping[str, Any]:
        """Say a line; give its answer. Raises RuntimeError when the process ends instead."""
        await self._say(line)
        assert self._process.stdout is not None
        async with asyncio.timeout(within_s):
            answer = await self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the load client ended at: {line[:100]}")
        return dict(orjson.loads(answer))

    async def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()


@asynccontextmanager
async def fanout_client(
    run: Run, dialect: Dialect, *, core: int | None = CLIENT_CORE
) -> AsyncIterator[FanoutClient]:
    """Start a client on a core (None: on any); it ends with the block."""
    greetings = run.directory / f"greetings-{uuid.uuid4().hex}"
    greetings.write_text("".join(f"{line}\n" for line in dialect.greetings))
    process = await _start(build("fanout", run.directory), dialect, greetings)
    run.enter(process.pid)
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    try:
        yield FanoutClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        run.leave(process.pid)


async def _start(program: Path, dialect: Dialect, greetings: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        program,
        dialect.format,
        dialect.path,
        greetings,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


def _places(ports: Sequence[int]) -> str:
    return ",".join(f"127.0.0.1:{port}" for port in ports)
