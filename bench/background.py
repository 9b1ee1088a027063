"""Let processes have only the processor time that nobody else wants."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Background"]

# The first where the processor can be shared out among groups: version 1 of cgroups, then 2.
_ROOTS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))
_NICE = 19


class Background:
    """Hold what runs at the lowest priority there is, and say in ``how`` which that is.

    That is an idle group (``cpu.idle`` of cgroups, systemd's ``CPUWeight=idle``) where one can be
    made: the kernel takes the processor from it as soon as anyone else wants it. Elsewhere it is
    ``nice``, after which a process may still finish its slice of some milliseconds.
    """

    def __init__(self, group: Path | None) -> None:
        self._group = group
        self.how = "`nice` 19" if group is None else "an idle group of cgroups"

    @classmethod
    @contextmanager
    def open(cls, name: str) -> Iterator[Background]:
        """Make the group, if the machine lets us; take it away at the end."""
        group = next((made for root in _ROOTS if (made := _idle_group(root / name))), None)
        try:
            yield cls(group)
        finally:
            if group is not None:
                for pid in (group / "cgroup.procs").read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        (group.parent / "cgroup.procs").write_text(pid)
                group.rmdir()

    def add(self, pid: int) -> None:
        """Put a process there, with every thread it has and will start."""
        if self._group is not None:
            (self._group / "cgroup.procs").write_text(str(pid))
            return
        # Where the kernel schedules sessions as groups (sched(7), autogroup), `nice` counts within
        # one alone, and each server of ours is one: the group needs it as well.
        with contextlib.suppress(FileNotFoundError):
            Path(f"/proc/{pid}/autogroup").write_text(str(_NICE))
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(task.name), _NICE)

    @contextmanager
    def loops(self) -> Iterator[None]:
        """Keep every core busy with nothing, there; end that at the end."""
        command = [sys.executable, "-c", "while True: pass"]
        cores = len(os.sched_getaffinity(0))
        begun = [subprocess.Popen(command, start_new_session=True) for _ in range(cores)]
        try:
            for each in begun:
                self.add(each.pid)
            yield
        finally:
            for each in begun:
                each.kill()
                each.wait()


def _idle_group(group: Path) -> Path | None:
    try:
        group.mkdir()
        (group / "cpu.idle").write_text("1")
        (group / "cgroup.procs").read_text()
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        return None
    return group
