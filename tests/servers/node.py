"""The official JavaScript SDK under Node, one client a process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from tests.servers.line_client import LONGEST_LINE, LineClient
from tests.servers.missing import missing, program
from tests.servers.run import Run

_SCRIPT = Path(__file__).parents[1] / "node" / "client.mjs"


class NodeClient(LineClient):
    """Hold one client of the JavaScript SDK, which ``client.mjs`` drives."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        run: Run,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(reader, writer)
        self._process = process
        self._run = run

    @classmethod
    async def start(cls, run: Run, *, speaks: str = "json") -> Self:
        """Start Node with a client that is not connected yet.

        It speaks ``json`` or ``protobuf`` over a WebSocket, or JSON over an HTTP ``stream``.
        """
        node = program("node", "nodejs", package="nodejs")
        if not (_SCRIPT.parent / "node_modules").is_dir():
            missing("the Node packages of the tests (npm ci in tests/node)")
        process = await asyncio.create_subprocess_exec(
            node,
            _SCRIPT,
            speaks,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        run.enter(process.pid)
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("started without a pipe")
        return cls(process, run, process.stdout, process.stdin)

    async def aclose(self) -> None:
        """End the process."""
        self._writer.close()
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._run.leave(self._process.pid)
        await super().aclose()
