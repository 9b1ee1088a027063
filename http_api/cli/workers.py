"""Run several server processes that share one listening socket."""

from __future__ import annotations

import socket
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import multiprocess

from http_api.cli.failure import Failure
from http_api.cli.server import DrainingServer
from http_api.worker_pages import WorkerSeats

__all__ = ["run_workers"]


log = structlog.get_logger("lockstep.serve")


class _DrainingProcess(multiprocess.Process):
    """Run a server that drains, where uvicorn would run its plain one, in a seat of its own."""

    def __init__(
        self, seats: WorkerSeats, config: uvicorn.Config, sockets: list[socket.socket]
    ) -> None:
        self._seats = seats
        self._pages = seats.take()
        super().__init__(config, sockets)

    @property
    def server(self) -> DrainingServer:
        """Make the server on first use, in the process that serves."""
        if self._server is None:
            self._server = DrainingServer(self.config)
        return self._server  # type: ignore[return-value]

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; a refused start is logged and ends with the status that nobody restarts after."""
        build = cast("partial[Any]", self.config.app)  # in this process it is a copy
        self.config.app = partial(build, pages=self._pages)
        try:
            super().target(sockets)
        except Failure as failure:
            log.critical("start_refused", says=failure.sentence)
            sys.exit(STARTUP_FAILURE)

    def join(self) -> None:
        """Wait for the end of the process, and clear its seat."""
        super().join()
        self._seats.leave(self._pages)


def run_workers(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    """Run ``config.workers`` processes on ``sockets`` until SIGTERM or SIGINT.

    One that dies is replaced; one that cannot start ends them all, and then Failure is raised.
    SIGHUP replaces one after the other. Clients of any process may land on any other: no session
    lives in a process, and any can show the metrics of all.
    """
    try:
        # Private (mode 0700), and gone with the last process.
        directory = tempfile.TemporaryDirectory(prefix="lockstep-workers-")
    except OSError as error:
        raise Failure(
            f"several processes need a directory for what they share ({error}); set TMPDIR to one "
            "that can be written to."
        ) from error
    with directory as shared:
        seats = WorkerSeats(Path(shared))
        # uvicorn takes no class for its processes; a test holds on to this name.
        multiprocess.Process = partial(_DrainingProcess, seats)  # type: ignore[misc, assignment]
        supervisor = multiprocess.Multiprocess(config, sockets)
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise Failure("a process could not start; its last log lines say why.")
