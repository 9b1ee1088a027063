"""Show a board on a terminal: the list, who is here and the last changes, live."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from http_api.watch.board import Board, Line
from http_api.watch.words import clean
from store.todo.model import Todo

__all__ = ["Screen"]

_PRIORITY = {"high": ("!!!", "red"), "medium": ("!!", "yellow"), "low": ("!", "blue")}


class Screen:
    """Redraw the terminal's alternate screen whenever the board changes.

    The terminal's own contents come back at the end.
    """

    def __init__(self, board: Board, console: Console | None = None) -> None:
        self._board = board
        self._console = console or Console()
        # Redrawn from the event loop only: a thread of rich's would see the board half-changed.
        self._live = Live(
            _Picture(board), console=self._console, screen=True, auto_refresh=False, transient=True
        )

    def start(self) -> None:
        """Switch to the alternate screen."""
        self._live.start(refresh=True)

    def line(self, line: Line) -> None:
        """Redraw with the new line."""
        self.changed()

    def changed(self) -> None:
        """Redraw, if the screen is up."""
        if self._live.is_started:
            self._live.refresh()

    def reloaded(self) -> None:
        """Redraw with the list as loaded."""
        self.changed()

    def stop(self) -> None:
        """Give the terminal back and say where the list was left."""
        if self._live.is_started:
            self._live.stop()
        if self._board.epoch:
            self._console.print(
                Text(f"Left {clean(self._board.title)} after offset {self._board.shown}.", "dim")
            )


class _Picture:
    """Draw the board in whatever size the terminal has at that moment."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or console.height
        feed_rows = max(3, min(12, height // 3))
        layout = Layout()
        layout.split_column(
            Layout(self._head(), size=3),
            Layout(self._todos(height - 3 - feed_rows - 2 - 2), name="todos"),
            Layout(self._feed(feed_rows), size=feed_rows + 2),
        )
        yield layout

    def _head(self) -> Panel:
        board = self._board
        state = ("● live", "bold green") if board.live else (f"◌ {board.status}", "bold yellow")
        here = ", ".join(
            clean(name, 32) + (" (you)" if name == board.username else "") for name in board.people
        )
        line = Table.grid(expand=True)
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(justify="right", no_wrap=True)
        line.add_row(
            Text.assemble(("here: ", "dim"), here or "…"),
            Text.assemble(state, (f"  at {board.shown}", "dim")),
        )
        return Panel(line, title=Text(clean(board.title) or "…", "bold"), title_align="left")

    def _todos(self, rows: int) -> Panel:
        """Draw the open todos first; of the done ones as many as fit."""
        todos = self._board.todos
        ordered = [todo for todo in todos if not todo.completed]
        done = [todo for todo in todos if todo.completed]
        ordered += done
        fits = len(ordered) <= rows
        shown = ordered if fits else ordered[: max(0, rows - 1)]
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        for todo in shown:
            table.add_row(*_row(todo))
        more = Text("" if fits else f"… and {len(ordered) - len(shown)} more", "dim")
        body = Group(table, more) if not fits else table
        counts = f"{len(todos) - len(done)} open, {len(done)} done"
        return Panel(
            body if todos else Text("nothing to do", "dim"), title=counts, title_align="left"
        )

    def _feed(self, rows: int) -> Panel:
        lines = [_said(line) for line in list(self._board.lines)[-rows:]]
        body = Group(*lines) if lines else Text("no changes yet", "dim")
        return Panel(body, title="changes", title_align="left", subtitle="Ctrl-C leaves")


def _row(todo: Todo) -> tuple[Text, Text, Text]:
    """Draw one todo: its box, its title, and what else there is to know."""
    box = Text("✓", "green") if todo.completed else Text("○")
    # As a span: a style of the whole cell would strike its padding through, too.
    title = Text.assemble((clean(todo.title, 200), "dim strike" if todo.completed else ""))
    mark, colour = _PRIORITY.get(todo.priority, ("", ""))
    notes = [Text(mark, colour)] if mark else []
    notes += [Text(f"#{clean(label, 20)}", "magenta") for label in todo.labels[:3]]
    notes += [Text(f"@{clean(name, 20)}", "cyan") for name in todo.assignees[:3]]
    if todo.due_at is not None:
        notes.append(Text(f"due {todo.due_at.astimezone():%Y-%m-%d}", "yellow"))
    return box, title, Text(" ").join(notes)


def _said(line: Line) -> Text:
    """Draw one line of the feed."""
    if line.offset is None or line.at is None:
        return Text(line.text, "dim italic", no_wrap=True, overflow="ellipsis")
    return Text.assemble(
        (f"{line.at.astimezone():%H:%M:%S} ", "dim"),
        (line.text, "bold" if line.missed else ""),
        ("  while you were away" if line.missed else "", "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )
