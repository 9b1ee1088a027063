"""One run of the tests: its directory, what is made once in it, and every process it started."""

from __future__ import annotations

import fcntl
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.servers.deadline import wait_until


@dataclass(frozen=True)
class Run:
    """Hold one run's directory, shared by its test processes (pytest-xdist starts several).

    Whatever is started is entered here by pid, so that it can be ended by pid even when the test
    process itself was killed (see ``tests.servers.reaper``).
    """

    directory: Path

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock ``name`` against every test process of this run."""
        with (self.directory / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def once(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Give what ``make`` answered in the first test process that asked for ``name``.

        The others wait for that answer. When ``make`` raises, the next one to ask tries again.
        """
        answer = self.directory / f"{name}.json"
        with self.lock(name):
            if not answer.exists():
                made = make()
                partial = answer.with_suffix(".partial")
                partial.write_text(json.dumps(made))
                partial.rename(answer)
            return dict(json.loads(answer.read_text()))

    def enter(self, pid: int, *, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """Note a started process; ``stop_signal`` is how it is asked to end."""
        with suppress(psutil.NoSuchProcess):
            entry = {
                "pid": pid,
                "created": psutil.Process(pid).create_time(),
                "signal": int(stop_signal),
            }
            self._entry(pid).write_text(json.dumps(entry))

    def leave(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._entry(pid).unlink(missing_ok=True)

    def end_all(self, *, grace_s: float = 5.0) -> list[int]:
        """End every process that is still entered; give their pids.

        A pid that now belongs to another process (another creation time) is left alone. Processes
        that have not ended within ``grace_s`` seconds are killed, with their children.
        """
        ended: list[tuple[psutil.Process, list[psutil.Process]]] = []
        for path in self._processes().glob("*.json"):
            entry = json.loads(path.read_text())
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(entry["pid"])
                if process.create_time() != entry["created"]:
                    continue
                family = process.children(recursive=True)
                for member in (process, *family):
                    # One that a test had stopped (SIGSTOP) could not end otherwise.
                    with suppress(psutil.NoSuchProcess):
                        member.resume()
                process.send_signal(entry["signal"])
                ended.append((process, family))
        with suppress(TimeoutError):
            wait_until(
                lambda: all(_is_over(process) for process, _ in ended), "all", within_s=grace_s
            )
        for process, family in ended:
            for member in (process, *family):
                with suppress(psutil.NoSuchProcess):
                    member.kill()
        return [process.pid for process, _ in ended]

    def _processes(self) -> Path:
        folder = self.directory / "processes"
        folder.mkdir(exist_ok=True)
        return folder

    def _entry(self, pid: int) -> Path:
        return self._processes() / f"{pid}.json"


def _is_over(process: psutil.Process) -> bool:
    """Tell whether it has ended, be it that its parent has not asked yet how (a zombie)."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
