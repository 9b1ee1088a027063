"""Decide the commands about a todo's sets: labels, assignees and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from store.errors import Conflict, Invalid, NotFound
from store.todo.decide_todo import live_todo
from store.todo.decision import Context, Decision, demand
from store.todo.model import Role, person_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from store.todo.commands import (
        TodoAddLabel,
        TodoAssign,
        TodoBlock,
        TodoRemoveLabel,
        TodoUnassign,
        TodoUnblock,
    )
    from store.todo.view import View

__all__ = ["add_label", "assign", "block", "remove_label", "unassign", "unblock"]

MAX_LABELS = 20
MAX_BLOCKERS = 100
# Ids shown from either end of a circle; whole, one of ten thousand todos makes 390 KB.
_SHOWN: Final = 10


def add_label(view: View, command: TodoAddLabel, context: Context) -> Decision:
    """Put a label on a todo; one that is there already makes no entry."""
    demand(view.role, Role.EDITOR)
    todo = live_todo(view, command.todo_id)
    if command.label in todo.labels:
        return Decision(todo_id=todo.id)
    if len(todo.labels) >= MAX_LABELS:
        raise Conflict(f"A todo has at most {MAX_LABELS} labels.", code="limit_reached")
    entry = context.entry("todo.label_added", todo_id=str(todo.id), label=command.label)
    return Decision((entry,), todo_id=todo.id)


def remove_label(view: View, command: TodoRemoveLabel, context: Context) -> Decision:
    """Take a label off a todo; one that is not there makes no entry."""
    demand(view.role, Role.EDITOR)
    todo = live_todo(view, command.todo_id)
    if command.label not in todo.labels:
        return Decision(todo_id=todo.id)
    entry = context.entry("todo.label_removed", todo_id=str(todo.id), label=command.label)
    return Decision((entry,), todo_id=todo.id)


def assign(view: View, command: TodoAssign, context: Context) -> Decision:
    """Assign a todo to a member of its list."""
    demand(view.role, Role.EDITOR)
    todo = live_todo(view, command.todo_id)
    person = view.people.get(command.username)
    if person is None or person.id not in view.members:
        # The same for a name that nobody has: who has an account is not this list's to tell.
        raise Invalid([("username", "is not a member of this list")])
    if person.username in todo.assignees:
        return Decision(todo_id=todo.id)
    entry = context.entry("todo.assigned", todo_id=str(todo.id), user=person_json(person))
    return Decision((entry,), todo_id=todo.id)


def unassign(view: View, command: TodoUnassign, context: Context) -> Decision:
    """Take an assignee off a todo; one who is not assigned makes no entry."""
    demand(view.role, Role.EDITOR)
    todo = live_todo(view, command.todo_id)
    person = view.people.get(command.username)
    if person is None or person.username not in todo.assignees:
        return Decision(todo_id=todo.id)
    entry = context.entry("todo.unassigned", todo_id=str(todo.id), user=person_json(person))
    return Decision((entry,), todo_id=todo.id)


def block(view: View, command: TodoBlock, context: Context) -> Decision:
    """Make a todo wait for another of its list, unless that closes a cycle (409 with the path)."""
    demand(view.role, Role.EDITOR)
    todo = live_todo(view, command.todo_id)
    if command.by in todo.blocked_by:
        return Decision(todo_id=todo.id)
    if command.by not in view.todos:
        if command.by in view.elsewhere:
            raise Invalid([("by", "lies in another list; dependencies stay inside one list")])
        raise NotFound("There is no such todo in this list.")
    if command.by == todo.id or view.chain:
        raise _circle((todo.id, *(view.chain or (command.by,))))
    if len(todo.blocked_by) >= MAX_BLOCKERS:
        raise Conflict(f"A todo waits for at most {MAX_BLOCKERS} others.", code="limit_reached")
    entry = context.entry("todo.blocked", todo_id=str(todo.id), by=str(command.by))
    return Decision((entry,), todo_id=todo.id)


def unblock(view: View, command: TodoUnblock, context: Context) -> Decision:
    """Let a todo no longer wait for another; if it did not, there is no entry."""
    demand(view.role, Role.EDITOR)
    todo = live_todo(view, command.todo_id)
    if command.by not in todo.blocked_by:
        return Decision(todo_id=todo.id)
    entry = context.entry("todo.unblocked", todo_id=str(todo.id), by=str(command.by))
    return Decision((entry,), todo_id=todo.id)


def _circle(path: Sequence[UUID]) -> Conflict:
    """Refuse, with the path: both its ends where it is long, and how long it is."""
    shown = path if len(path) <= 2 * _SHOWN else (*path[:_SHOWN], *path[-_SHOWN:])
    return Conflict(
        "This would close a circle of todos.",
        code="cycle",
        extra={"path": [str(step) for step in shown], "path_length": len(path)},
    )
