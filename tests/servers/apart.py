"""A coroutine run to its end from synchronous code, whatever loop the test runs in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def apart(coroutine: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Give what ``coroutine()`` answers, run in a thread with an event loop of its own."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(coroutine())).result()
