"""Waiting for something that another process does, never longer than a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

# Short enough not to be seen in a test's duration, long enough not to be a load.
_EVERY_S = 0.01


def wait_until(condition: Callable[[], T], what: str, *, within_s: float = 10.0) -> T:
    """Give the first true answer of ``condition``; raise TimeoutError naming ``what``."""
    deadline = time.monotonic() + within_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            message = f"not within {within_s} s: {what}"
            raise TimeoutError(message)
        time.sleep(_EVERY_S)
    return answer


@overload
async def eventually(
    condition: Callable[[], Awaitable[T | None]], what: str, *, within_s: float = 10.0
) -> T: ...


@overload
async def eventually(
    condition: Callable[[], T | None], what: str, *, within_s: float = 10.0
) -> T: ...


async def eventually(condition: Callable[[], Any], what: str, *, within_s: float = 10.0) -> Any:
    """Give the first true answer of ``condition`` (a coroutine function or a plain one).

    The event loop goes on meanwhile. Raises TimeoutError naming ``what`` after ``within_s``.
    """
    deadline = time.monotonic() + within_s
    while True:
        answer = condition()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > deadline:
            message = f"not within {within_s} s: {what}"
            raise TimeoutError(message)
        await asyncio.sleep(_EVERY_S)
