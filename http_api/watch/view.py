"""Name what shows a board: the plain lines and the live screen both do."""

from __future__ import annotations

from typing import Protocol

from http_api.watch.board import Line

__all__ = ["View"]


class View(Protocol):
    """Show a board. All methods return at once and never raise for a reader that is gone."""

    def start(self) -> None:
        """Begin to show; called once the list is known."""

    def line(self, line: Line) -> None:
        """Show something that happened; the board holds it already."""

    def changed(self) -> None:
        """Show that the board changed without a line, such as its status."""

    def reloaded(self) -> None:
        """Show the list anew, as loaded from a snapshot."""

    def stop(self) -> None:
        """Give the terminal back as it was; called once, also when ``start`` never was."""
