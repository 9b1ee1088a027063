"""The machine and the versions that figures were taken on; no host name, no path."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

__all__ = ["describe_machine"]


def describe_machine(postgresql_binaries: Path) -> dict[str, str]:
    """Name what the figures depend on."""
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "CPU": _cpu(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
        "PostgreSQL": _said(str(postgresql_binaries / "postgres"), "--version"),
        "Redis": _said("redis-server", "--version"),
        "Nginx": _said("nginx", "-v"),
        **{name: version(name) for name in ("uvicorn", "uvloop", "websockets", "asyncpg")},
    }


def _cpu() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _said(*argv: str) -> str:
    try:
        said = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=10)
    except FileNotFoundError:
        return "not installed"
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found.group() if found else "unknown"
