"""The background of measurements: what is in it, and that nothing of it is left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.background import Background


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that sleeps, in a session of its own."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    process = subprocess.Popen(command, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_process_is_at_the_lowest_priority_that_is_told(
    sleeper: subprocess.Popen[bytes],
) -> None:
    """In an idle group where one can be made, else nice; and the group is gone at the end."""
    name = f"lockstep-test-{os.getpid()}"
    with Background.open(name) as background:
        background.add(sleeper.pid)
        grouped = name in Path(f"/proc/{sleeper.pid}/cgroup").read_text()
        assert grouped is (background.how == "an idle group of cgroups")
        assert grouped or os.getpriority(os.PRIO_PROCESS, sleeper.pid) == 19
    assert name not in Path(f"/proc/{sleeper.pid}/cgroup").read_text()
    assert psutil.pid_exists(sleeper.pid)


def test_without_groups_it_is_nice(sleeper: subprocess.Popen[bytes]) -> None:
    """Where no group can be made, every thread is at the lowest priority of its session."""
    background = Background(None)
    background.add(sleeper.pid)
    assert os.getpriority(os.PRIO_PROCESS, sleeper.pid) == 19
    assert "nice" in background.how


def test_its_loops_end_with_it() -> None:
    """There is one for each core while it lasts, and none after."""
    before = set(psutil.Process().children())
    with Background(None).loops():
        loops = set(psutil.Process().children()) - before
        assert len(loops) == len(os.sched_getaffinity(0))
    assert not set(psutil.Process().children()) - before
