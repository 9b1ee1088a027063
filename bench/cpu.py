"""Processor time that servers have used: steadier than the clock on a machine that others share."""

from __future__ import annotations

import psutil

from tests.servers.process import Process

__all__ = ["cpu_seconds"]


def cpu_seconds(process: Process | None) -> float:
    """Give the seconds of processor time of a program and its children, ended ones included."""
    if process is None:
        raise RuntimeError("not started")
    parent = psutil.Process(process.pid)
    own = parent.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in parent.children(recursive=True):
        times = child.cpu_times()
        total += times.user + times.system
    return float(total)
