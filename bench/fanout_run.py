"""One server, many sockets on one list, a few publications: what it cost and how late they came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.broadcaster import Broadcaster
from bench.cores import processor_ns
from bench.fanout_client import FanoutClient

__all__ = ["FanoutRun", "Load", "fan_out"]

_REACHED_S = 60.0
_LINGER_S = 0.05  # what the server still does after the last byte has arrived


@dataclass(frozen=True, slots=True)
class Load:
    """Say what is published: ``publications`` in all, ``rate`` times a second ``together``."""

    publications: int
    rate: float
    together: int = 1


@dataclass(frozen=True, slots=True)
class FanoutRun:
    """Hold what one run showed.

    ``cpu_us``: microseconds of the server's processor time per delivery, its part in the writes
        included. ``client_load``: the share of its core that the client used. ``delays`` are in
    milliseconds: from the moment when an entry could be sent, to each socket.
    """

    cpu_us: float
    client_load: float
    delays: Mapping[str, Any]


async def fan_out(client: FanoutClient, server: Broadcaster, load: Load) -> FanoutRun:
    """Publish to all sockets of ``client`` and wait until everyone has everything.

    Raises AssertionError when a socket saw a gap, a duplicate or another order, or was cut off.
    """
    live = int((await client.status())["live"])
    base = max(await server.publish())  # the first one is not measured: it may load code
    await client.expect(live, base, within_s=_REACHED_S)
    await client.record(base)
    await asyncio.sleep(_LINGER_S)
    used, client_used, begin = processor_ns(server.pid), processor_ns(client.pid), time.monotonic()
    moments: dict[int, int] = {}
    for number in range(load.publications // load.together):
        await asyncio.sleep(max(0.0, begin + number / load.rate - time.monotonic()))
        moments |= await server.publish(load.together)
    said = await client.expect(live, max(moments), within_s=_REACHED_S)
    await asyncio.sleep(_LINGER_S)
    used, client_used = processor_ns(server.pid) - used, processor_ns(client.pid) - client_used
    wrong = {name: said[name] for name in ("gaps", "duplicates", "cut", "unrecovered")}
    assert not any(wrong.values()), f"{server.name}: {wrong}, {said['why']}"
    delays = await client.delays(server.begun(moments))
    assert delays["deliveries"] == live * len(moments), f"{server.name}: {delays}"
    return FanoutRun(
        used / 1000 / delays["deliveries"],
        client_used / 1e9 / (time.monotonic() - begin),
        delays,
    )
