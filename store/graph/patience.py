"""Give a question up after a time, and tell whether the server or the question was too slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

__all__ = ["Patience", "TooMuch"]

# The part of the time after which the server is asked whether it is there at all.
_DOUBT: Final = 0.6


class TooMuch(Exception):
    """Say that a server which answers others has not answered this in time."""


class Patience:
    """Bound questions, and learn from those that it answers whether the server is there.

    When a question has taken long and nothing was heard since it began, the server is asked
    something easy (``greet``), once for all who doubt. A question that asks too much thus says
    nothing against the server; one who asks only such could else make it look away for everyone.
    """

    def __init__(self, greet: Callable[[], Awaitable[object]]) -> None:
        self._greet = greet
        self._heard = float("-inf")
        self._greeting: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Cancel the block after so many seconds.

        Raises TooMuch when the server answered anything meanwhile, else TimeoutError.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()

        def doubt() -> None:
            if self._heard <= began and self._greeting is None:
                self._greeting = loop.create_task(self._ask(seconds * (1 - _DOUBT)))

        timer = loop.call_later(seconds * _DOUBT, doubt)
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            if self._heard > began:
                raise TooMuch from error
            raise
        finally:
            timer.cancel()
        self._heard = loop.time()

    async def aclose(self) -> None:
        """Wait for no greeting any more."""
        if self._greeting is not None:
            self._greeting.cancel()
            with suppress(asyncio.CancelledError):
                await self._greeting

    async def _ask(self, seconds: float) -> None:
        try:
            # Any failure is the same here: nothing was heard.
            with suppress(Exception):
                async with asyncio.timeout(seconds):
                    await self._greet()
                self._heard = asyncio.get_running_loop().time()
        finally:
            self._greeting = None
