"""`lockstep serve --uds` as a process of its own, as it runs behind Nginx."""

from __future__ import annotations

import contextlib
import http.client
import socket
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import Process
from tests.servers.replica import Replica, environment, lockstep


@dataclass(eq=False)
class UnixReplica(Replica):
    """Hold a replica that listens on ``path`` and on no port.

    Its ``origin``, ``api`` and ``websocket`` lead nowhere: go through the proxy in front.
    """

    @property
    def path(self) -> Path:
        """The Unix socket."""
        return self.directory / "replica.sock"

    async def launch(self, *, wait: bool = True) -> None:
        """Start it on its path (again, after a stop or a kill); see :meth:`Replica.launch`."""
        self.process = Process(
            self.run,
            f"replica-{self.directory.name}",
            [lockstep(), "serve", "--uds", self.path],
            env=environment(**self.settings),
            cwd=self.directory,
        )
        self.log_path = self.process.log_path
        if wait:
            await self.until_ready()

    def is_ready(self) -> bool:
        """Tell whether ``GET /health/ready`` answers 200."""
        with contextlib.closing(UnixConnection(self.path)) as connection:
            try:
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False


class UnixConnection(http.client.HTTPConnection):
    """Speak HTTP on a Unix socket."""

    def __init__(self, path: Path, *, timeout_s: float = 2.0) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect to the path."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
