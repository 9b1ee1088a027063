"""Own the tasks of a replica, so that none is lost, forgotten or left over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

__all__ = ["Tasks"]

T = TypeVar("T")

_log = structlog.get_logger("lockstep.realtime")


class Tasks:
    """Start tasks and hold them until they end; an exception in one is logged, never swallowed."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, T], *, quiet: bool = False) -> asyncio.Task[T]:
        """Run ``work`` as a task of ours; ``quiet``: whoever awaits it sees its exception."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._quietly if quiet else self._loudly)
        return task

    async def finish(self, timeout_s: float) -> None:
        """Wait until all have ended, at most ``timeout_s`` seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout_s)

    async def cancel(self) -> None:
        """Cancel all, and wait until they have ended."""
        mine = asyncio.current_task()
        running = [task for task in self._running if task is not mine]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _quietly(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: the loop need not complain

    def _loudly(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task_failed", task=task.get_name(), exc_info=error)
