"""Run several server processes that share one listening socket."""

from __future__ import annotations

import socket
import sys

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import multiprocess

from http_api.cli.failure import Failure
from http_api.cli.server import DrainingServer

__all__ = ["run_workers"]


log = structlog.get_logger("lockstep.serve")


class _DrainingProcess(multiprocess.Process):
    """Run a server that drains, where uvicorn would run its plain one."""

    @property
    def server(self) -> DrainingServer:
        """Make the server on first use, in the process that serves."""
        if self._server is None:
            self._server = DrainingServer(self.config)
        return self._server  # type: ignore[return-value]

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; a refused start is logged and ends with the status that nobody restarts after."""
        try:
            super().target(sockets)
        except Failure as failure:
            log.critical("start_refused", says=failure.sentence)
            sys.exit(STARTUP_FAILURE)


def run_workers(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    """Run ``config.workers`` processes on ``sockets`` until SIGTERM or SIGINT.

    One that dies is replaced; one that cannot start ends them all, and then Failure is raised.
    SIGHUP replaces one after the other. Clients of any process may land on any other: no session
    lives in a process.
    """
    # uvicorn takes no class for its processes; a test holds on to this name.
    multiprocess.Process = _DrainingProcess  # type: ignore[misc]
    supervisor = multiprocess.Multiprocess(config, sockets)
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise Failure("a process could not start; its last log lines say why.")
