"""Write to many sockets once per turn of the event loop."""

from __future__ import annotations

import asyncio
from typing import Protocol

__all__ = ["Turn"]


class Writer(Protocol):
    """Be a socket with something to write."""

    def flush(self) -> None:
        """Write it; never waits, never raises."""


class Turn:
    """Collect the sockets that have something to write, and let each write once at turn's end.

    One callback a turn for all of them: no task, event or handle belongs to a socket.
    """

    __slots__ = ("_loop", "_writers")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._writers: list[Writer] = []

    def add(self, writer: Writer) -> None:
        """Have ``writer`` flushed; whoever adds itself twice is flushed twice."""
        if not self._writers:
            self._loop.call_soon(self._flush)
        self._writers.append(writer)

    def _flush(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.flush()
