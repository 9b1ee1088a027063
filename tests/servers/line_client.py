"""An SDK's client in another program, driven over a stream of JSON lines."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from tests.servers.sdk_client import SdkClient, SdkError, Unauthorized

LONGEST_LINE = 16 * 2**20


class LineClient(SdkClient):
    """Hold one client that speaks as ``tests/node/client.mjs`` says at its head."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks = {asyncio.create_task(self._read())}

    async def do(self, action: str, **fields: Any) -> Any:
        """Do ``action`` and give its result; raise :class:`SdkError` when the SDK refuses."""
        number = len(self._waiting) + 1
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send({"id": number, "do": action, **fields})
        return await asyncio.wait_for(answered, 60)  # on a busy machine a program starts slowly

    async def aclose(self) -> None:
        """Hang up, which ends the client."""
        self._writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _send(self, message: Mapping[str, Any]) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        async for line in self._reader:
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
                answered.set_exception(SdkError(0, "the program with the SDK ended"))

    async def _answer(self, question: Mapping[str, Any]) -> None:
        answer: dict[str, Any] = {"answer": question["ask"]}
        try:
            answer["value"] = await self.answers[question["what"]](question.get("channel"))
        except (Unauthorized, KeyError):
            answer["unauthorized"] = True
        with contextlib.suppress(ConnectionError):
            self._send(answer)
