"""A function run in a process of its own, so that measuring does not slow what is measured."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

import uvloop

__all__ = ["LoadProcess", "load_process"]

P = ParamSpec("P")
T = TypeVar("T")


class LoadProcess:
    """Hold the one process that plays all the clients."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    async def run(
        self, job: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run the coroutine ``job(*args)`` there, on uvloop; what goes in and out is pickled."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, _run, job, args, kwargs)


@asynccontextmanager
async def load_process() -> AsyncIterator[LoadProcess]:
    """Start the process, on the last core where there are several."""
    core = max(os.sched_getaffinity(0))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_settle, initargs=(core,)) as made:
        yield LoadProcess(made)


def _settle(core: int) -> None:
    os.sched_setaffinity(0, {core})


def _run(
    job: Callable[..., Coroutine[Any, Any, T]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> T:
    # A collection in the middle of a run would be measured as the server's latency.
    gc.collect()
    gc.disable()
    try:
        return uvloop.run(job(*args, **kwargs))
    finally:
        gc.enable()
