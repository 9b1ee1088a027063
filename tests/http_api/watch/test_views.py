"""How a board is shown: as lines and as a screen."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from http_api.watch.board import Board, Line
from http_api.watch.lines import PlainView
from http_api.watch.screen import Screen
from tests.http_api.watch.entries import entry, snapshot, todo, todo_id


def _board(*todos: dict[str, object]) -> Board:
    board = Board("ann")
    board.load(snapshot(5, *(todos or (todo(1, "milk"), todo(2, "bread", completed=True)))), [])
    return board


class _ClosedPipe(io.StringIO):
    """Be an output whose reader has gone."""

    def write(self, _text: str) -> int:
        """Fail as a closed pipe does."""
        raise BrokenPipeError


def _plain(board: Board) -> tuple[PlainView, io.StringIO]:
    out = io.StringIO()
    return PlainView(board, out, lambda: None), out


def test_plain_lines_begin_with_the_list_as_it_is() -> None:
    """Whoever reads the output later knows what the changes applied to."""
    view, out = _plain(_board())
    view.start()
    assert out.getvalue().splitlines() == [
        "-- Groceries: 1 open, 1 done, at offset 5",
        "   [ ] milk",
        "   [x] bread",
    ]


def test_a_change_is_one_line_with_its_offset_first() -> None:
    """Programs can read the offset, people the sentence; news have no offset."""
    board = _board()
    view, out = _plain(board)
    line = board.take(entry("todo.deleted", todo_id=todo_id(1)), 6)
    assert line is not None
    view.line(line)
    view.line(Line("bob is here"))
    change, news = out.getvalue().splitlines()
    assert change.startswith("    6 ")
    assert change.endswith(" ann deleted “milk”")
    assert news == "-- bob is here"


def test_a_title_cannot_write_lines_of_its_own() -> None:
    """A title with line ends and escape sequences stays in its place."""
    view, out = _plain(_board(todo(1, "a\n    9 12:00:00 eve did it\x1b[2J")))
    view.start()
    assert len(out.getvalue().splitlines()) == 2
    assert "\x1b" not in out.getvalue()


def test_a_closed_pipe_ends_the_watch_quietly() -> None:
    """`lockstep watch ... | head -1` must not end in a stack trace."""
    told: list[bool] = []
    view = PlainView(_board(), _ClosedPipe(), lambda: told.append(True))
    view.start()
    assert told


def _drawn(board: Board, *, width: int = 80, height: int = 24) -> str:
    """Draw the board as a terminal of that size shows it, once."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    screen = Screen(board, console)
    screen.start()
    screen.stop()
    return out.getvalue()


def test_the_screen_shows_list_people_and_changes() -> None:
    """Everything there is to know stands on one screen."""
    board = _board(
        todo(1, "milk", priority="high", labels=["shop"], assignees=["bob"]),
        todo(2, "bread", completed=True),
    )
    board.set_here({"c1": "ann", "c2": "bob"})
    board.live = True
    board.take(entry("todo.created", todo=todo(3, "jam")), 6)
    drawn = _drawn(board)
    for shown in (
        "Groceries",
        "ann (you), bob",
        "● live",
        "○ milk",
        "!!! #shop @bob",
        "✓ bread",
        "2 open, 1 done",
        "ann added “jam”",
    ):
        assert shown in drawn, shown
    assert "Left Groceries after offset 6." in drawn


def test_the_screen_says_when_it_is_not_live() -> None:
    """Old news must not look new while the connection is gone."""
    board = _board()
    board.status = "reconnecting"
    assert "◌ reconnecting" in _drawn(board)


@pytest.mark.parametrize(("width", "height"), [(20, 8), (40, 12), (200, 60)])
def test_the_screen_fits_every_terminal(width: int, height: int) -> None:
    """Many todos and long titles are cut, never wrapped out of the screen."""
    board = _board(*(todo(n, f"todo {n} " + "x" * 150) for n in range(1, 100)))
    drawn = _drawn(board, width=width, height=height)
    body = drawn.split("\x1b[?1049l", maxsplit=1)[0]
    assert body.count("\n") <= height
