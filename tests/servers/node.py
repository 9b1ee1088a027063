"""The official JavaScript SDK under Node, one client a process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.servers.missing import missing, program
from tests.servers.run import Run
from tests.servers.sdk_client import SdkClient, SdkError, Unauthorized

_SCRIPT = Path(__file__).parents[1] / "node" / "client.mjs"


class NodeClient(SdkClient):
    """Hold one client of the JavaScript SDK, which ``client.mjs`` drives."""

    def __init__(self, process: asyncio.subprocess.Process, run: Run) -> None:
        super().__init__()
        self._process = process
        self._run = run
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks = {asyncio.create_task(self._read())}

    @classmethod
    async def start(cls, run: Run) -> Self:
        """Start Node with a client that is not connected yet."""
        node = program("node", "nodejs", package="nodejs")
        if not (_SCRIPT.parent / "node_modules").is_dir():
            missing("the Node packages of the tests (npm ci in tests/node)")
        process = await asyncio.create_subprocess_exec(
            node,
            _SCRIPT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=16 * 2**20,
        )
        run.enter(process.pid)
        return cls(process, run)

    async def do(self, action: str, **fields: Any) -> Any:
        """Do ``action`` and give its result; raise :class:`SdkError` when the SDK refuses."""
        number = len(self._waiting) + 1
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send({"id": number, "do": action, **fields})
        return await asyncio.wait_for(answered, 10)

    async def aclose(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._run.leave(self._process.pid)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._process.stdin is None:
            raise RuntimeError("started without a pipe")
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        if self._process.stdout is None:
            raise RuntimeError("started without a pipe")
        async for line in self._process.stdout:
            message = json.loads(line)
            if "ask" in message:
                task = asyncio.create_task(self._answer(message))
                self._tasks.add(task)
            elif "id" in message:
                answered = self._waiting[message["id"]]
                if answered.done():
                    continue
                if error := message.get("error"):
                    answered.set_exception(SdkError(error["code"], error["message"]))
                else:
                    answered.set_result(message["result"])
            else:
                self.record(message)
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(SdkError(0, "the Node process ended"))

    async def _answer(self, question: Mapping[str, Any]) -> None:
        answer: dict[str, Any] = {"answer": question["ask"]}
        try:
            answer["value"] = await self.answers[question["what"]](question.get("channel"))
        except (Unauthorized, KeyError):
            answer["unauthorized"] = True
        with contextlib.suppress(ConnectionError):
            self._send(answer)
