"""Hold commands of one list that wait for their turn to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.committed import Committed
    from store.request import Request
    from store.todo.commands import Command

__all__ = ["Alone", "Waiting"]

Alone = Callable[[], Awaitable[Sequence["Committed"]]]


@dataclass(slots=True, eq=False)
class Waiting:
    """Hold commands that one caller sent together, and what the caller waits for.

    All of them are decided or none, unless ``partly``: then the first ones that can be decided in
    a row suffice, none of them included. ``alone`` carries them out the longer way.
    """

    commands: Sequence[Command]
    requests: Sequence[Request]
    alone: Alone
    partly: bool = False
    answer: asyncio.Future[Sequence[Committed]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def __len__(self) -> int:
        return len(self.commands)

    def give(self, made: Sequence[Committed]) -> None:
        """Answer, if somebody still waits."""
        if not self.answer.done():
            self.answer.set_result(made)

    def fail(self, error: BaseException) -> None:
        """Refuse, if somebody still waits."""
        if not self.answer.done():
            self.answer.set_exception(error)
