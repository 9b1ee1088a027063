"""`lockstep serve` as a process of its own."""

from __future__ import annotations

import asyncio
import http.client
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.run import Run

# The same for every replica of a test, so that each accepts the others' tokens.
SECRET_KEY = "4vJ1x-8PqkT0m_Zr7Lw2Nc5Hs9Bd3Gf6"


def lockstep() -> Path:
    """Give the installed command."""
    return Path(sys.executable).parent / "lockstep"


def environment(**settings: str) -> dict[str, str]:
    """Give this process's environment with the service's settings replaced by ``settings``.

    Names are given without the prefix: ``DATABASE_URL`` sets ``LOCKSTEP_DATABASE_URL``.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
    # No colours and no pretty tables in a log that a test may read.
    kept |= {"NO_COLOR": "1", "PYTHONWARNINGS": "default", "PYTHONUNBUFFERED": "1"}
    return kept | {f"LOCKSTEP_{name}": value for name, value in settings.items()}


@dataclass(eq=False)
class Replica:
    """Hold one server process and its settings; a stopped one can be launched again.

    Of a service that tests share ``process`` is None: it may not be stopped, killed or frozen.

    Its working directory is its own, so the embedded default keeps its data (``var/``) there.
    """

    run: Run
    settings: dict[str, str]
    directory: Path
    port: int = field(default_factory=free_port)
    process: Process | None = None
    log_path: Path | None = None

    @classmethod
    async def start(cls, run: Run, **settings: str) -> Self:
        """Start a replica with ``settings`` (names without prefix) and wait until it is ready."""
        directory = Path(tempfile.mkdtemp(prefix="replica-", dir=run.directory))
        replica = cls(run, {"SECRET_KEY": SECRET_KEY, **settings}, directory)
        await replica.launch()
        return replica

    async def launch(self, *, wait: bool = True) -> None:
        """Start it on its port (again, after a stop or a kill).

        Raises RuntimeError with its log when it ends or does not become ready.
        """
        self.process = Process(
            self.run,
            f"replica-{self.port}",
            self.command(),
            env=environment(HOST="127.0.0.1", PORT=str(self.port), **self.settings),
            cwd=self.directory,
        )
        self.log_path = self.process.log_path
        if wait:
            await self.until_ready()

    def command(self) -> list[str | Path]:
        """Give the program and its words; where it listens is in its environment, too."""
        return [lockstep(), "serve"]

    async def until_ready(self, *, within_s: float = 30.0) -> None:
        """Wait until it answers that it is ready to serve."""
        await asyncio.to_thread(self._process.wait_until_ready, self.is_ready, within_s=within_s)

    @property
    def origin(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """The address of its HTTP interface, ending in ``/api/v1``."""
        return f"{self.origin}/api/v1"

    @property
    def websocket(self) -> str:
        """The address of its socket."""
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    def is_ready(self) -> bool:
        """Tell whether ``GET /health/ready`` answers 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    async def stop(self, *, timeout_s: float = 30.0) -> int:
        """Ask it to drain and end (SIGTERM); give its exit status."""
        return await asyncio.to_thread(self._process.stop, timeout_s=timeout_s)

    async def kill(self) -> None:
        """End it at once (kill -9), as a crash would."""
        await asyncio.to_thread(self._process.kill)

    def pause(self) -> None:
        """Freeze it (SIGSTOP)."""
        self._process.pause()

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        self._process.resume()

    async def administer(self, *words: str) -> str:
        """Run ``lockstep`` with these words on the replica's own data; give what it printed.

        Raises RuntimeError with what it printed when it does not end with 0.
        """
        process = await asyncio.create_subprocess_exec(
            lockstep(),
            *words,
            env=environment(**self.settings),
            cwd=self.directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(printed.decode())
        return printed.decode()

    def log(self) -> str:
        """Give the end of what it wrote, at most 6,000 characters."""
        return self.log_path.read_text(errors="replace")[-6_000:] if self.log_path else ""

    @property
    def _process(self) -> Process:
        if self.process is None:
            raise RuntimeError("not launched")
        return self.process
