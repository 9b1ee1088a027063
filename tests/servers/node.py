"""The official JavaScript SDK under Node, one client a process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self

from tests.servers.missing import missing, program
from tests.servers.run import Run

_SCRIPT = Path(__file__).parents[1] / "node" / "client.mjs"

# Answers the SDK's getToken and getState: given the channel (None for the connection's token).
Answer = Callable[[str | None], Awaitable[Any]]


class SdkError(Exception):
    """Carry the ``code`` and the message with which the SDK refused an action."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Unauthorized(Exception):
    """Raise this from an :data:`Answer` to say that there is no token any more."""


class NodeClient:
    """Hold one client of the JavaScript SDK; actions and events are those of ``client.mjs``.

    ``events`` are all events so far in the order in which the SDK gave them.
    """

    def __init__(self, process: asyncio.subprocess.Process, run: Run) -> None:
        self.events: list[dict[str, Any]] = []
        self.answers: dict[str, Answer] = {}
        self._process = process
        self._run = run
        self._changed = asyncio.Event()
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

    async def event(
        self, name: str, *, after: int = 0, within_s: float = 10.0, **fields: Any
    ) -> dict[str, Any]:
        """Wait for an event ``name`` with these ``fields`` among ``events[after:]``; give it.

        Raises TimeoutError, naming all events so far, after ``within_s``.
        """

        def first() -> dict[str, Any] | None:
            for event in self.events[after:]:
                if event["event"] == name and fields.items() <= event.items():
                    return event
            return None

        try:
            async with asyncio.timeout(within_s):
                while (found := first()) is None:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            so_far = "\n".join(map(str, self.events))
            message = f"no {name} {fields} within {within_s} s; events so far:\n{so_far}"
            raise TimeoutError(message) from None
        return found

    def publications(self, channel: str) -> list[dict[str, Any]]:
        """Give the publications of ``channel`` so far, in order."""
        return [
            event
            for event in self.events
            if event["event"] == "publication" and event["channel"] == channel
        ]

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
                self.events.append(message)
                self._changed.set()
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
