"""What a watcher knows."""

from __future__ import annotations

import pytest

from http_api.watch.board import Board, OutOfOrder
from store.entry import Position
from tests.http_api.watch.entries import BOB, entry, snapshot, todo, todo_id

RENAMED = entry("todo.updated", todo_id=todo_id(1), changes={"title": "oat milk"}, replaced={})


def _board() -> Board:
    board = Board("ann")
    board.load(snapshot(5, todo(1, "milk"), todo(2, "bread")), [])
    return board


def _titles(board: Board) -> list[str]:
    return [one.title for one in board.todos]


def test_a_snapshot_shows_the_live_todos_in_order() -> None:
    """Todos stand in the order of position, bytewise, then id; deleted ones are not shown."""
    board = Board("ann")
    deleted = todo(4, "gone", deleted_at="2026-05-04T11:00:00.000Z")
    board.load(snapshot(9, todo(2, "B", position="b"), todo(1, "a", position="a")), [deleted])
    assert _titles(board) == ["a", "B"]
    assert board.position == Position("e", 9)


def test_an_entry_is_folded_and_said_with_the_title_before_it() -> None:
    """A rename names the todo as it was known."""
    board = _board()
    line = board.take(RENAMED, 6)
    assert line is not None
    assert line.text == "ann renamed “milk” to “oat milk”"
    assert _titles(board) == ["oat milk", "bread"]
    assert board.position.offset == 6


def test_an_entry_that_was_shown_is_not_shown_again() -> None:
    """Redelivery changes nothing."""
    board = _board()
    board.take(RENAMED, 6)
    assert board.take(RENAMED, 6) is None
    assert board.position.offset == 6


def test_a_gap_is_refused_and_changes_nothing() -> None:
    """An entry too many would show a wrong list for ever, so it is not folded."""
    board = _board()
    with pytest.raises(OutOfOrder):
        board.take(RENAMED, 7)
    assert _titles(board) == ["milk", "bread"]


def test_an_entry_that_does_not_fit_is_refused() -> None:
    """A change of a todo that nobody knows asks for the snapshot instead of a guess."""
    board = _board()
    with pytest.raises(OutOfOrder):
        board.take(entry("todo.restored", todo_id=todo_id(7), position="a7"), 6)


def test_a_restored_todo_comes_back_from_the_loaded_trash() -> None:
    """What was deleted before the watch began can be restored while it runs."""
    board = Board("ann")
    deleted = todo(1, "milk", deleted_at="2026-05-04T11:00:00.000Z")
    board.load(snapshot(5), [deleted])
    board.take(entry("todo.restored", todo_id=todo_id(1), position="b"), 6)
    assert _titles(board) == ["milk"]


def test_missed_entries_are_said_but_not_folded_twice() -> None:
    """After a restart the snapshot holds the missed changes already; they are only told."""
    board = _board()
    assert board.rewind(Position("e", 3)) == 2
    labelled = entry("todo.label_added", todo_id=todo_id(1), label="shop")
    lines = [board.take(labelled, 4), board.take(labelled, 5), board.take(RENAMED, 6)]
    assert [line.missed for line in lines if line] == [True, True, False]
    assert board.todos[0].labels == ()
    assert _titles(board)[0] == "oat milk"


@pytest.mark.parametrize(
    "seen", [Position("other", 3), Position("e", 6), Position("e", 0), Position("e", 5)]
)
def test_a_position_that_tells_nothing_is_ignored(seen: Position) -> None:
    """Another epoch or a position ahead of the list (a restored backup) shows the list as it is."""
    board = _board()
    assert board.rewind(seen) == 0
    assert board.position == Position("e", 5)


def test_people_are_counted_once_however_many_devices_they_use() -> None:
    """A second device is no arrival, and the first one's end no departure."""
    board = _board()
    board.set_here({"c1": "ann"})
    assert board.join("c2", "bob")
    assert not board.join("c3", "bob")
    assert board.people == ["ann", "bob"]
    assert not board.leave("c2")
    assert board.leave("c3")
    assert not board.leave("c9")
    assert board.people == ["ann"]


def test_a_removed_member_leaves_the_todos() -> None:
    """The fold is the store's own: assignees go with the member."""
    board = Board("ann")
    board.load(snapshot(5, todo(1, "milk", assignees=["bob"])), [])
    board.take(entry("member.removed", user=BOB), 6)
    assert board.todos[0].assignees == ()
