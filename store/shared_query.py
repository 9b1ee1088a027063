"""Let those who ask in the same moment share one statement."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["SharedQuery"]

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class SharedQuery(Generic[Question, Answer]):
    """Answer questions in batches: those of one turn of the loop, or that came meanwhile.

    ``answer_all`` answers up to ``most`` questions in their order, in tasks of its own that no
    caller cancels, ``at_once`` of them at a time. What it raises, each of the batch gets.
    """

    def __init__(
        self,
        answer_all: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]],
        *,
        most: int,
        at_once: int,
    ) -> None:
        self._answer_all = answer_all
        self._most = most
        self._at_once = at_once
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._scheduled = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question) -> Answer:
        """Give the answer to one question; a cancelled caller only stops waiting."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, answer))
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._pump)
        return await answer

    async def aclose(self) -> None:
        """Wait until every question is answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _pump(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._tasks) < self._at_once:
            # Spread over what is free: two small statements beat a large one and an idle slot.
            free = self._at_once - len(self._tasks)
            size = min(self._most, -(-len(self._waiting) // free))
            batch = [self._waiting.popleft() for _ in range(size)]
            task = asyncio.create_task(self._answer(batch))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._pump()

    async def _answer(self, batch: Sequence[tuple[Question, asyncio.Future[Answer]]]) -> None:
        batch = [each for each in batch if not each[1].done()]
        if not batch:
            return
        try:
            answers = await self._answer_all([question for question, _ in batch])
        except BaseException as error:  # noqa: BLE001 - each who waits learns of it
            for _, waiting in batch:
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for (_, waiting), answer in zip(batch, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)
