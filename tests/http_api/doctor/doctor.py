"""`lockstep doctor` as a process of its own, as people run it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from tests.servers.replica import SECRET_KEY, environment, lockstep

# A password of each server and the key; none of it may ever be printed.
PASSWORD = "hunter2-correct-horse"


@dataclass(frozen=True)
class Told:
    """Hold what it printed, as objects, and how it ended."""

    lines: list[dict[str, str]]
    status: int
    printed: str

    def bad(self) -> list[tuple[str, str]]:
        """Give mark and subject of each line that is not ok; the machine's own room does not count.

        How many files a test may open, and how full its disk is, is not for the test to say.
        """
        own = {"open files", "disk"}
        return [
            (line["mark"], line["subject"])
            for line in self.lines
            if line["mark"] != "ok" and line["subject"] not in own
        ]

    def line(self, subject: str) -> dict[str, str]:
        """Give the one line about a subject."""
        [found] = [line for line in self.lines if line["subject"] == subject]
        return found

    def subjects(self) -> list[str]:
        """Give what was looked at, in order."""
        return [line["subject"] for line in self.lines]


async def examined(cwd: Path, *words: str, **settings: str) -> Told:
    """Run ``lockstep doctor --json`` with these settings (named without prefix)."""
    settings = {"SECRET_KEY": SECRET_KEY, **settings}
    process = await asyncio.create_subprocess_exec(
        lockstep(),
        "doctor",
        "--json",
        *words,
        env=environment(**{name: value for name, value in settings.items() if value}),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed = (await process.communicate())[0].decode()
    assert PASSWORD not in printed
    assert SECRET_KEY not in printed
    lines = [json.loads(line) for line in printed.splitlines()]
    return Told(lines, process.returncode or 0, printed)
