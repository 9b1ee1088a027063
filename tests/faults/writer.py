"""Someone who writes, and sends every command again until it is answered."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from typing import Any

from tests.faults.door import Answer, Door, Doubt, Mistake
from tests.faults.history import History

# A write that nobody answers for this long will not be answered; the machine may be slow.
_PATIENCE_S = 90.0
# A replica that just failed is not asked again for so long while another one is there.
_REST_S = 1.5


class Writer:
    """Write to one list through all replicas in turn.

    ``impatience`` is the share of sendings that are given up at a random moment: the connection is
    cut, and the command sent again to the next replica.
    """

    def __init__(
        self,
        list_id: str,
        doors: Sequence[Door],
        history: History,
        rng: random.Random,
        *,
        pause_s: float,
        impatience: float = 0.0,
    ) -> None:
        self._list_id = list_id
        self._doors = doors
        self._history = history
        self._rng = rng
        self._pause_s = pause_s
        self._impatience = impatience
        self._turn = rng.randrange(len(doors))
        self._rests: dict[int, float] = {}
        self._todos: list[str] = []
        self._usual_s = 0.02  # what an answer takes, as learnt from the last ones

    async def run(self, stop: asyncio.Event) -> None:
        """Write until ``stop``; what was begun then is still finished."""
        while not stop.is_set():
            await self.write(self._next())
            await asyncio.sleep(self._rng.uniform(0.5, 1.5) * self._pause_s)

    async def write(self, command: dict[str, Any]) -> int:
        """Send one command until it is answered; give its offset.

        Raises TimeoutError, with what came instead of answers, when none comes.
        """
        write = self._history.begin(self._list_id, command)
        while time.monotonic() < write.invoked + _PATIENCE_S:
            at = self._choose()
            try:
                answer = await self._send(self._doors[at], command)
            except Doubt as doubt:
                write.doubts.append(f"{at}: {doubt}")
                self._rests[at] = time.monotonic() + _REST_S
                await asyncio.sleep(self._rng.uniform(0.02, 0.1))
                continue
            except Mistake as mistake:
                self._history.mistakes.append(f"after {write.doubts}: {mistake}")
                return 0
            write.acked, write.at = time.monotonic(), at
            write.offset, write.replayed = int(answer["offset"]), answer.replayed
            if command["type"] == "todo.create":
                self._todos.append(answer["todo"]["id"])
            return write.offset
        message = f"{command} was not answered: {write.doubts[-10:]}"
        raise TimeoutError(message)

    async def _send(self, door: Door, command: dict[str, Any]) -> Answer:
        if self._rng.random() < self._impatience:
            try:
                async with asyncio.timeout(self._rng.uniform(0, 1.5) * self._usual_s):
                    return await door.send(command)
            except TimeoutError:
                raise Doubt("given up") from None
        start = time.monotonic()
        answer = await door.send(command)
        self._usual_s += (time.monotonic() - start - self._usual_s) / 8
        return answer

    def _choose(self) -> int:
        """Take the next replica that has not failed just now; the next one if all have."""
        count = len(self._doors)
        turns = [(self._turn + step) % count for step in range(1, count + 1)]
        now = time.monotonic()
        fit = [turn for turn in turns if self._rests.get(turn, 0.0) < now]
        self._turn = (fit or turns)[0]
        return self._turn

    def _next(self) -> dict[str, Any]:
        op = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        word = f"{self._rng.getrandbits(32):08x}"
        if not self._todos or self._rng.random() < 0.7:
            return {"type": "todo.create", "op": op, "list_id": self._list_id, "title": word}
        # A title nobody gave it before, so that every command makes an entry.
        changes = {"title": f"again {word}"}
        todo = self._rng.choice(self._todos)
        return {"type": "todo.update", "op": op, "todo_id": todo, "changes": changes}
