"""Open sockets that flood, one after the other at a steady rate (in the load process)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Mapping

from tests.servers.raw_websocket import CONT, PING, TEXT, RawWebSocket, frame

__all__ = ["FLOODS", "harass"]

FLOODS: Mapping[int, bytes] = {
    3013: frame(PING) * 10_000,  # a second's worth of a flood of pings, in one piece
    1008: frame(TEXT, b"[", fin=False) + frame(CONT, b" ", fin=False) * 10_000,
    1009: frame(TEXT, b" " * 65_537),
}
"""What a hostile client sends before anybody knows it, by the code that must end it."""


async def harass(port: int, *, rate: float, seconds: float) -> dict[int, int]:
    """Let ``rate`` clients a second come, flood in turn and be refused; give how many, by code.

    They get the processor only when nobody else wants it, so that they do not delay who measures.
    """
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    ended: Counter[int] = Counter()
    try:
        async with asyncio.TaskGroup() as floods:
            kinds = list(FLOODS)
            for number in range(round(rate * seconds)):
                floods.create_task(_flood(port, kinds[number % len(kinds)], ended))
                await asyncio.sleep(1 / rate)
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return dict(ended)


async def _flood(port: int, kind: int, ended: Counter[int]) -> None:
    raw = await RawWebSocket.open(port)
    try:
        with contextlib.suppress(OSError):
            await raw.send(FLOODS[kind])
        code, _ = await raw.closed()
        ended[code] += 1
    finally:
        raw.close()
