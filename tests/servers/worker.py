"""`lockstep worker` as a process of its own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from tests.servers.process import Process
from tests.servers.replica import SECRET_KEY, environment, lockstep
from tests.servers.run import Run


@dataclass(eq=False)
class Worker:
    """Hold one worker, which may be killed and frozen."""

    process: Process
    directory: Path

    @classmethod
    async def start(cls, run: Run, **settings: str) -> Self:
        """Start a worker with ``settings`` (names without prefix); wait until it says so."""
        directory = Path(tempfile.mkdtemp(prefix="worker-", dir=run.directory))
        process = Process(
            run,
            "worker",
            [lockstep(), "worker"],
            env=environment(SECRET_KEY=SECRET_KEY, **settings),
            cwd=directory,
        )
        worker = cls(process, directory)
        await asyncio.to_thread(
            process.wait_until_ready, lambda: "worker_started" in process.log(), within_s=60
        )
        return worker

    @property
    def resident_bytes(self) -> int:
        """What it holds in memory."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    async def stop(self) -> int:
        """Ask it to end (SIGTERM); give its exit status."""
        return await asyncio.to_thread(self.process.stop)

    async def kill(self) -> None:
        """End it at once (kill -9), as a crash would."""
        await asyncio.to_thread(self.process.kill)
        shutil.rmtree(self.directory, ignore_errors=True)
