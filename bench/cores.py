"""Who runs on which core: the measured server alone on one, everybody else on another."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.site import Site

__all__ = ["CLIENT_CORE", "SERVER_CORE", "apart_from_the_server", "pin", "processor_ns"]

SERVER_CORE = min(os.sched_getaffinity(0))
CLIENT_CORE = max(os.sched_getaffinity(0))


def pin(pid: int, core: int) -> None:
    """Keep a process, all its threads and those they will start on one core."""
    for task in _tasks(pid):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), {core})


@contextlib.contextmanager
def apart_from_the_server(site: Site) -> Iterator[None]:
    """Keep this process, PostgreSQL and Redis on the clients' core for a while."""
    before = os.sched_getaffinity(0)
    pids = [os.getpid()]
    for process in (site.postgresql.process, site.redis.process):
        if process is not None:
            pids += [process.pid, *_children(process.pid)]
    for pid in pids:
        pin(pid, CLIENT_CORE)
    try:
        yield
    finally:
        for pid in pids:
            for task in _tasks(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(int(task.name), before)


def processor_ns(pid: int) -> int:
    """Give the nanoseconds of processor time that the threads of a process have used.

    The scheduler's own count (proc(5), schedstat): the usual ones advance by 10 ms.
    """
    used = 0
    for task in _tasks(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            used += int((task / "schedstat").read_text().split()[0])
    return used


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]
