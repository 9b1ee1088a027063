"""Tests of a run's shared directory and of the ending of its processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.servers.deadline import wait_until
from tests.servers.process import Process
from tests.servers.run import Run

_ROOT = Path(__file__).parents[2]
_SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_once_asks_only_the_first_time(tmp_path: Path) -> None:
    """Whoever comes later gets the first answer."""
    run = Run(tmp_path)

    assert run.once("thing", lambda: {"port": 1}) == {"port": 1}
    assert run.once("thing", lambda: {"port": 2}) == {"port": 1}


def test_once_tries_again_after_a_failure(tmp_path: Path) -> None:
    """A server that did not start for one test may start for the next."""
    run = Run(tmp_path)

    with pytest.raises(ZeroDivisionError):
        run.once("thing", lambda: {"port": 1 // 0})

    assert run.once("thing", lambda: {"port": 2}) == {"port": 2}


def test_a_process_is_ended_when_its_run_ends(tmp_path: Path) -> None:
    """Nothing outlives its run."""
    run = Run(tmp_path)
    process = Process(run, "sleeper", _SLEEP)

    assert run.end_all() == [process.pid]
    assert process.returncode is not None


def test_a_frozen_process_is_ended_too(tmp_path: Path) -> None:
    """A test that failed while its server was stopped leaves nothing behind."""
    run = Run(tmp_path)
    process = Process(run, "sleeper", _SLEEP)
    process.pause()

    run.end_all()

    assert process.returncode is not None


def test_a_process_that_ended_by_itself_is_not_mistaken_for_another(tmp_path: Path) -> None:
    """A pid that was given to someone else since is left alone."""
    run = Run(tmp_path)
    process = Process(run, "sleeper", _SLEEP)
    entry = tmp_path / "processes" / f"{process.pid}.json"
    entry.write_text(entry.read_text().replace('"created": ', '"created": 1'))

    assert run.end_all() == []
    assert process.returncode is None

    process.kill()


def test_processes_end_when_the_leading_process_is_killed(tmp_path: Path) -> None:
    """Not even kill -9 of the tests leaves a server behind."""
    script = (
        "import sys, time; from pathlib import Path\n"
        "from tests.servers.run import Run; from tests.servers.reaper import Reaper\n"
        "from tests.servers.process import Process\n"
        "run = Run(Path(sys.argv[1])); reaper = Reaper(run)\n"
        f"print(Process(run, 'sleeper', {_SLEEP!r}).pid, flush=True); time.sleep(60)\n"
    )
    directory = tmp_path / "run"
    directory.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", script, directory], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    ) as leader:
        assert leader.stdout is not None
        started = int(leader.stdout.readline())
        assert psutil.pid_exists(started)

        leader.kill()

    wait_until(lambda: not psutil.pid_exists(started), "the started process has ended")
    wait_until(lambda: not directory.exists(), "the run's directory is gone")
