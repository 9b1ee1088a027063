"""`lockstep doctor`, as machines read it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from http_api.cli.app import app
from tests.servers.replica import SECRET_KEY

# A password of each server and the key; none of it may ever be printed.
PASSWORD = "hunter2-correct-horse"
ORIGINS = {"ALLOWED_ORIGINS": "https://todo.example.org"}


@dataclass(frozen=True)
class Told:
    """Hold what it printed, as objects, and how it ended."""

    lines: list[dict[str, str]]
    status: int

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


async def examined(cwd: Path, **settings: str) -> Told:
    """Run ``lockstep doctor --json`` in ``cwd`` with these settings (named without prefix)."""
    return await asyncio.to_thread(_examined, cwd, {"SECRET_KEY": SECRET_KEY, **settings})


def _examined(cwd: Path, settings: dict[str, str]) -> Told:
    # In this process: a hundred starts of Python were a minute. Nobody else works meanwhile.
    env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("LOCKSTEP_")}
    env |= {f"LOCKSTEP_{name}": value for name, value in settings.items()}
    with contextlib.chdir(cwd):
        ran = CliRunner().invoke(app, ["doctor", "--json"], env=env)
    assert isinstance(ran.exception, SystemExit | None), ran.exception
    assert PASSWORD not in ran.output
    assert SECRET_KEY not in ran.output
    assert not ran.stderr
    return Told([json.loads(line) for line in ran.stdout.splitlines()], ran.exit_code)


async def examined_with(tmp_path: Path, database: str, redis: str, **more: str) -> Told:
    """Run it with PostgreSQL and Redis, and pages of one name; ``more`` wins."""
    settings = {"DATABASE_URL": database, "REDIS_URL": redis, **ORIGINS, **more}
    return await examined(tmp_path, **settings)


@contextmanager
def something_else() -> Iterator[int]:
    """Listen on a port and answer everything as a web server would."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                with peer:
                    peer.settimeout(5)
                    try:
                        peer.recv(4096)
                        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                    except OSError:
                        continue

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        over.set()
