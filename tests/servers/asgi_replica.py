"""The same service on ASGI servers other than our own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.servers.replica import Replica

_APP = "http_api.app:create_app"


@dataclass(eq=False)
class HypercornReplica(Replica):
    """Hold a replica under Hypercorn, whose sockets reach it by plain ASGI."""

    def command(self) -> list[str | Path]:
        """Give the program and its words."""
        address = f"127.0.0.1:{self.port}"
        # No worker: one process, this one.
        return [sys.executable, "-m", "hypercorn", "-w", "0", "-b", address, f"{_APP}()"]


@dataclass(eq=False)
class UvicornReplica(Replica):
    """Hold a replica under uvicorn as it comes, without our protocol class."""

    def command(self) -> list[str | Path]:
        """Give the program and its words."""
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        return [sys.executable, "-m", "uvicorn", "--factory", *where, _APP]
