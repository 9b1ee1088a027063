"""Tell the time and wait, through one object that tests replace."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Give the time to code that must not look at it itself."""

    def monotonic(self) -> float:
        """Give seconds that only grow; their zero means nothing. Deadlines are made of these."""

    def now(self) -> float:
        """Give seconds since 1970 (UTC). Only tokens are compared with this."""

    async def sleep(self, seconds: float) -> None:
        """Wait; at once, but after other tasks had their turn, when ``seconds`` is not positive."""


class SystemClock:
    """Use the machine's clocks."""

    def monotonic(self) -> float:
        """Give the machine's monotonic seconds."""
        return time.monotonic()

    def now(self) -> float:
        """Give the machine's wall clock."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(max(0.0, seconds))
