"""A program on a terminal of its own, as a person sees and types it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.servers.run import Run

_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()=>].?)")


class Terminal:
    """Run ``argv`` on a terminal of ``rows`` by ``columns``.

    It is entered in the run, so it does not outlive the tests.
    """

    def __init__(
        self,
        run: Run,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        rows: int = 40,
        columns: int = 120,
    ) -> None:
        self._run = run
        self._written = ""
        self._fd, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._popen = subprocess.Popen(
            [str(part) for part in argv],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env={**env, "TERM": "xterm-256color"},
            cwd=cwd,
            start_new_session=True,
        )
        os.close(inside)
        run.enter(self._popen.pid)

    @property
    def shown(self) -> str:
        """All that was shown so far, without colours and cursor movements."""
        while select.select([self._fd], [], [], 0)[0]:
            try:
                self._written += os.read(self._fd, 65536).decode(errors="replace")
            except OSError:  # the program has ended and closed the other side
                break
        return _ESCAPES.sub("", self._written)

    @property
    def echoes(self) -> bool:
        """Tell whether typed text is shown; False while the program asks for a password.

        A program drops what was typed before it turned the echo off.
        """
        flags: int = termios.tcgetattr(self._fd)[3]
        return bool(flags & termios.ECHO)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._fd, text.encode())

    def interrupt(self, *, timeout_s: float = 10.0) -> int:
        """Press Ctrl-C and give the exit status; raise TimeoutExpired if it goes on."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGINT)
        return self._popen.wait(timeout_s)

    def close(self) -> None:
        """End the program, if it still runs, and the terminal."""
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
        self._run.leave(self._popen.pid)
        os.close(self._fd)
