"""How late this machine lets things happen."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

_EVERY_S = 0.02


class Lateness:
    """Hold by how many seconds short sleeps were late, sorted.

    On an idle machine that is a millisecond. A bound in seconds is for a machine of which the test
    has a fair share; by so much as it has not, others' processes have not either.
    """

    def __init__(self) -> None:
        self._late: list[float] = []

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch meanwhile."""
        watching = asyncio.create_task(self._watch())
        yield
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    def p99(self) -> float:
        """Give the lateness that one sleep of a hundred reached."""
        late = sorted(self._late)
        return late[len(late) * 99 // 100]

    async def _watch(self) -> None:
        while True:
            begun = time.monotonic()
            await asyncio.sleep(_EVERY_S)
            self._late.append(time.monotonic() - begun - _EVERY_S)
