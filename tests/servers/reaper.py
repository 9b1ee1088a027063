"""Ends what a test run started once the run is over, however it ended.

Runs beside the tests with a pipe from the process that leads them. The pipe closes when that
process ends, be it by itself, by an interrupt or by kill -9; then every process that is still
entered in the run is ended by pid and the run's directory is removed.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.servers.run import Run


class Reaper:
    """Hold the process that ends a run's processes when this one is gone."""

    def __init__(self, run: Run) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.reaper", str(run.directory)],
            stdin=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            start_new_session=True,  # an interrupt from the keyboard is not for this one
        )

    def close(self, *, timeout_s: float = 30.0) -> None:
        """End the run's processes now and wait until they are gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout_s)


def main(directory: Path) -> None:
    """Wait for the pipe to close, end everything, remove ``directory``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.read()
    Run(directory).end_all()
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
