"""What a server holds in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.broadcaster import Broadcaster

__all__ = ["resident_kib", "settled"]

_SETTLE_S = 1.0


def resident_kib(pid: int) -> int:
    """Give a process's resident set, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has ended")


async def settled(server: Broadcaster) -> int:
    """Let a server come to rest and collect its garbage; give its resident set in KiB."""
    await asyncio.sleep(_SETTLE_S)
    await server.collect()
    return resident_kib(server.pid)
