"""Stop asking a server that does not answer, and try it again now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Final, TypeVar

from circuitbreaker import STATE_HALF_OPEN, CircuitBreaker

from store.errors import GraphUnavailable

__all__ = ["Breaker", "Failure"]

T = TypeVar("T")

# Until whoever tries the server has its answer.
_SOON_S: Final = 1


class Failure(Enum):
    """Say what a failed question tells of the server."""

    PASSING = auto()
    """It answers, though not to this: it is busy, this was too much to ask, or two writers were in
    each other's way."""
    COUNTS = auto()
    """It does not answer, or not in time."""
    OPENS = auto()
    """It does not let us in. There is no use in trying on."""


class Breaker:
    """Let questions through until ``failures`` in a row came to nothing; then wait.

    After ``probe_after_s`` seconds one question is let through: with its answer all are, else it
    waits again. ``judge`` tells what an error means; None: it is the question's own fault, so the
    server does answer. A question that was cancelled tells nothing.
    """

    def __init__(
        self, failures: int, probe_after_s: int, judge: Callable[[Exception], Failure | None]
    ) -> None:
        self._circuit = CircuitBreaker(failures, probe_after_s, name="graph")
        self._failures = failures
        self._judge = judge
        self._probing = False

    @property
    def open(self) -> bool:
        """Tell whether questions are turned away at the door."""
        return bool(self._circuit.opened)

    @property
    def state(self) -> str:
        """Give one of ``closed``, ``open``, and ``half_open``: the next question decides."""
        return str(self._circuit.state)

    @property
    def retry_after_s(self) -> int:
        """Give the whole seconds until the server may be asked again, 1 at least."""
        return max(_SOON_S, int(self._circuit.open_remaining)) if self.open else _SOON_S

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Ask, and learn from how it went.

        Raises GraphUnavailable when no question is let through or this one came to nothing, and
        whatever is the question's own fault.
        """
        if self.open or self._probing:
            raise GraphUnavailable(retry_after_s=self.retry_after_s)
        probing = self._probing = self._circuit.state == STATE_HALF_OPEN
        try:
            answer = await question()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            failure = self._judge(error)
            self._learn(failure, error)
            if failure is None:
                raise
            raise GraphUnavailable(retry_after_s=self.retry_after_s) from error
        else:
            self._circuit.reset()
            return answer
        finally:
            if probing:
                self._probing = False

    def _learn(self, failure: Failure | None, error: Exception) -> None:
        if failure is None or failure is Failure.PASSING:
            self._circuit.reset()
            return
        # Often enough to open it, for a server that does not let us in.
        for _ in range(self._failures if failure is Failure.OPENS else 1):
            with suppress(type(error)), self._circuit:
                raise error
