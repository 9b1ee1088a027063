"""A replica that notes when each COMMIT returned (see ``bench.stamped``)."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.stamped import COLLECTED, read_stamps
from tests.servers.process import Process
from tests.servers.replica import SECRET_KEY, Replica, environment
from tests.servers.run import Run

__all__ = ["StampedReplica"]


@dataclass(eq=False)
class StampedReplica(Replica):
    """Hold such a replica."""

    @classmethod
    async def start(cls, run: Run, **settings: str) -> StampedReplica:
        """Start a replica with ``settings`` (names without prefix) and wait until it is ready."""
        directory = Path(tempfile.mkdtemp(prefix="replica-", dir=run.directory))
        replica = cls(run, {"SECRET_KEY": SECRET_KEY, **settings}, directory)
        await replica.launch()
        return replica

    async def launch(self, *, wait: bool = True) -> None:
        """Start it on its port.

        Raises RuntimeError with its log when it ends or does not become ready.
        """
        root = str(Path(__file__).parents[1])
        self.process = Process(
            self.run,
            f"replica-{self.port}",
            [sys.executable, "-m", "bench.stamped", self._file],
            env=environment(HOST="127.0.0.1", PORT=str(self.port), **self.settings)
            | {"PYTHONPATH": root},
            cwd=self.directory,
        )
        self.log_path = self.process.log_path
        if wait:
            await self.until_ready()

    def stamps(self) -> dict[tuple[str, int], int]:
        """Give when COMMIT returned, in nanoseconds since 1970, by list id and offset."""
        return read_stamps(self._file)

    def collections(self) -> int:
        """Give how often SIGUSR2 had it run its garbage collector."""
        file = self._file.with_name(self._file.name + COLLECTED)
        return file.stat().st_size if file.exists() else 0

    @property
    def _file(self) -> Path:
        return self.directory / "commits"
