"""Tests of starting, watching and ending one program."""

from __future__ import annotations

import signal
import sys

import psutil
import pytest

from tests.servers.deadline import wait_until
from tests.servers.process import Process
from tests.servers.run import Run

_SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def test_stop_gives_the_exit_status(run: Run) -> None:
    """A program ended by a signal answers with minus its number."""
    process = Process(run, "sleeper", _SLEEP)

    assert process.stop() == -signal.SIGTERM
    assert process.stop() == -signal.SIGTERM


def test_a_program_that_ends_early_is_reported_with_its_log(run: Run) -> None:
    """Waiting for a server that cannot start fails at once and says why."""
    process = Process(run, "broken", [sys.executable, "-c", "raise SystemExit('no such setting')"])

    with pytest.raises(RuntimeError, match="no such setting"):
        process.wait_until_ready(lambda: False)


def test_a_program_that_never_gets_ready_is_reported_with_its_log(run: Run) -> None:
    """Waiting has an end."""
    process = Process(run, "sleeper", _SLEEP)
    process.wait_until_ready(lambda: "up" in process.log())

    with pytest.raises(RuntimeError, match=r"not within 0\.1 s: sleeper is ready; its log:\nup"):
        process.wait_until_ready(lambda: False, within_s=0.1)

    process.kill()


def test_pause_freezes_until_resume(run: Run) -> None:
    """A frozen program is there and does nothing."""
    process = Process(run, "sleeper", _SLEEP)
    seen = psutil.Process(process.pid)

    process.pause()
    wait_until(lambda: seen.status() == psutil.STATUS_STOPPED, "it is frozen")

    process.resume()
    wait_until(lambda: seen.status() != psutil.STATUS_STOPPED, "it goes on")

    process.kill()
    assert process.returncode == -signal.SIGKILL
