"""Entries said in sentences."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from http_api.watch.words import clean, message_of, sentence
from tests.http_api.watch.entries import ANN, BOB, LIST, entry, todo, todo_id

MILK = todo_id(1)


def _title(wanted: str) -> str | None:
    return {MILK: "milk", todo_id(2): "bread"}.get(wanted)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (entry("list.created", list={"id": LIST, "title": "Food"}), "ann made the list “Food”"),
        (entry("list.updated", changes={"title": "Eat"}), "ann renamed the list to “Eat”"),
        (entry("list.updated", changes={"description": "x"}), "ann edited the list's description"),
        (entry("list.deleted"), "ann deleted the list"),
        (entry("member.added", user=BOB, role="editor"), "ann shared the list with bob as editor"),
        (entry("member.role_changed", user=BOB, role="viewer"), "ann made bob viewer"),
        (entry("member.removed", user=BOB), "ann removed bob from the list"),
        (entry("member.removed", user=ANN), "ann left the list"),
        (entry("todo.created", todo=todo(3, "jam")), "ann added “jam”"),
        (entry("todo.updated", todo_id=MILK, changes={"completed": True}), "ann ticked “milk”"),
        (entry("todo.updated", todo_id=MILK, changes={"completed": False}), "ann unticked “milk”"),
        (
            entry("todo.updated", todo_id=MILK, changes={"title": "oat milk"}),
            "ann renamed “milk” to “oat milk”",
        ),
        (
            entry("todo.updated", todo_id=MILK, changes={"due_at": None, "priority": "high"}),
            "ann cleared the due of “milk”, set the priority of “milk” to high",
        ),
        (
            entry("todo.updated", todo_id=MILK, changes={"notes": "2 %"}),
            "ann edited the notes of “milk”",
        ),
        (entry("todo.moved", todo_id=MILK, position="a5"), "ann moved “milk”"),
        (entry("todo.deleted", todo_id=MILK), "ann deleted “milk”"),
        (entry("todo.restored", todo_id=MILK, position="a5"), "ann restored “milk”"),
        (entry("todo.purged", todo_id=MILK), "ann emptied “milk” from the trash"),
        (entry("todo.label_added", todo_id=MILK, label="shop"), "ann labelled “milk” “shop”"),
        (
            entry("todo.label_removed", todo_id=MILK, label="shop"),
            "ann took the label “shop” off “milk”",
        ),
        (entry("todo.assigned", todo_id=MILK, user=BOB), "ann assigned “milk” to bob"),
        (entry("todo.unassigned", todo_id=MILK, user=BOB), "ann took bob off “milk”"),
        (entry("todo.blocked", todo_id=MILK, by=todo_id(2)), "ann made “milk” wait for “bread”"),
        (
            entry("todo.unblocked", todo_id=MILK, by=todo_id(2)),
            "ann no longer lets “milk” wait for “bread”",
        ),
        (entry("message.posted", message={"text": "hello"}), "ann says: hello"),
        (entry("todo.painted", colour="red"), "ann: todo.painted"),
        (entry("todo.moved", todo_id=todo_id(7), position="a"), "ann moved todo 0000000…"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_every_entry_is_a_sentence_with_its_actor(said: dict[str, Any], told: str) -> None:
    """Each type of entry reads as a sentence; an unknown type or todo does not break it."""
    assert sentence(said, _title) == told


def test_overwritten_values_are_named() -> None:
    """Whoever lost a race between two writers reads what was overwritten, and by whom."""
    lost = {"title": {"value": "soy milk", "by": BOB, "offset": 7}}
    said = entry("todo.updated", todo_id=MILK, changes={"title": "oat milk"}, replaced=lost)
    assert sentence(said, _title) == "ann renamed “milk” to “oat milk”, over bob's title “soy milk”"


def test_messages_name_their_sender() -> None:
    """Personal messages and broadcasts are told; other entries of an inbox are not messages."""
    message = {"text": "dinner?", "from": BOB}
    assert message_of({"type": "message.received", "message": message}) == "bob to you: dinner?"
    told = message_of({"type": "broadcast.posted", "message": message})
    assert told == "bob to everyone: dinner?"
    assert message_of({"type": "list.joined"}) is None


@given(st.text())
def test_foreign_text_never_steers_the_terminal(text: str) -> None:
    """No title can move the cursor, change colours, break the line or turn the direction."""
    shown = clean(text, 1000)
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]
    assert "\u202e" not in shown


def test_long_text_is_cut_with_an_ellipsis() -> None:
    """A line stays a line, whatever the length of a title."""
    assert clean("x" * 200, 10) == "x" * 9 + "…"
