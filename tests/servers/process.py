"""One program under test, started, watched and ended by pid."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from tests.servers.deadline import wait_until
from tests.servers.run import Run


class Process:
    """Hold a started program.

    Its output goes to ``log_path``. It is entered in the run, so it does not outlive the tests.
    """

    def __init__(
        self,
        run: Run,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start ``argv``; ``env`` None means this process's own, ``user`` None the same user."""
        self.name = name
        self.log_path = run.directory / f"{name}-{uuid.uuid4().hex[:8]}.log"
        self._run = run
        self._stop_signal = stop_signal
        with self.log_path.open("wb") as log:
            self._popen = subprocess.Popen(
                [str(part) for part in argv],
                env=dict(os.environ if env is None else env),
                cwd=cwd or run.directory,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        run.enter(self.pid, stop_signal=stop_signal)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit status (minus the signal's number when killed); None while it runs."""
        return self._popen.poll()

    def wait_until_ready(self, is_ready: Callable[[], object], *, within_s: float = 20.0) -> None:
        """Wait for ``is_ready``; raise RuntimeError with the log when the program ends or hangs."""

        def is_ready_or_over() -> bool:
            return bool(self.returncode is None and is_ready()) or self.returncode is not None

        try:
            wait_until(is_ready_or_over, f"{self.name} is ready", within_s=within_s)
        except TimeoutError as late:
            message = f"{late}; its log:\n{self.log()}"
            raise RuntimeError(message) from late
        if self.returncode is not None:
            message = f"{self.name} ended with {self.returncode}; its log:\n{self.log()}"
            raise RuntimeError(message)

    def stop(self, *, timeout_s: float = 20.0) -> int:
        """Ask it to end and give its exit status; raise TimeoutError (after killing it) if late.

        Does nothing when it has ended already.
        """
        if self.returncode is None:
            self.resume()
            self._popen.send_signal(self._stop_signal)
        try:
            status = self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            message = f"{self.name} did not end in {timeout_s} s; its log:\n{self.log()}"
            raise TimeoutError(message) from None
        self._run.leave(self.pid)
        return status

    def kill(self) -> None:
        """End it and its children at once (kill -9), as a crash would."""
        # Frozen first: one that sees its children die before it does may start others.
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(self.pid).suspend()
        for member in reversed(self._family()):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        self._popen.wait()
        self._run.leave(self.pid)

    def pause(self) -> None:
        """Freeze it and its children (SIGSTOP)."""
        for member in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                member.suspend()

    def resume(self) -> None:
        """Let it and its children go on (SIGCONT)."""
        for member in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                member.resume()

    def leave_to_the_run(self) -> None:
        """Let it run on when this object is gone; the run's end is its end."""
        # subprocess warns of an object that goes before its program, unless it knows a status.
        self._popen.returncode = 0

    def log(self, *, last: int = 20_000) -> str:
        """Give the end of its output, at most ``last`` bytes."""
        with self.log_path.open("rb") as file:
            file.seek(max(0, self.log_path.stat().st_size - last))
            return file.read().decode(errors="replace")

    def _family(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
