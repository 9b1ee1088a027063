"""Show a board as plain lines: for pipes, logs, small terminals and tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from http_api.watch.board import Board, Line
from http_api.watch.words import clean

__all__ = ["PlainView"]


class PlainView:
    """Write one line for each change, ``<offset> <local time> <sentence>``, and ``-- …`` for news.

    ``on_closed`` is called when the reader of ``out`` is gone.
    """

    def __init__(self, board: Board, out: TextIO, on_closed: Callable[[], None]) -> None:
        self._board = board
        self._out = out
        self._on_closed = on_closed

    def start(self) -> None:
        """Show the list as it is."""
        self.reloaded()

    def line(self, line: Line) -> None:
        """Write the line and flush it, so that the next program in a pipe sees it at once."""
        if line.offset is None or line.at is None:
            self._write(f"-- {line.text}")
        else:
            self._write(f"{line.offset:>5} {line.at.astimezone():%H:%M:%S} {line.text}")

    def changed(self) -> None:
        """Write nothing: a status by itself is no news."""

    def reloaded(self) -> None:
        """Write title, counts, position and todos."""
        board = self._board
        todos = board.todos
        done = sum(todo.completed for todo in todos)
        self._write(
            f"-- {clean(board.title)}: {len(todos) - done} open, {done} done, "
            f"at offset {board.state.offset}"
        )
        for todo in todos:
            self._write(f"   [{'x' if todo.completed else ' '}] {clean(todo.title, 200)}")

    def stop(self) -> None:
        """Write where to resume."""
        if self._board.epoch:
            self._write(f"-- left after offset {self._board.shown}")

    def _write(self, text: str) -> None:
        try:
            self._out.write(f"{text}\n")
            self._out.flush()
        except (BrokenPipeError, ValueError):
            self._on_closed()
