"""Apply what changed to what was: the meaning of a delta, for the graph in the process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from store.graph.model import ListGraph, TodoNode

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.model import Delta

__all__ = ["apply"]


def apply(before: ListGraph | None, delta: Delta) -> ListGraph:
    """Give the list after ``delta``; ``before`` None: nothing of it is there yet. Pure.

    The delta must begin where ``before`` stands. Changes of todos that are not there are dropped.
    """
    if before is None:
        before = ListGraph(delta.list_id, 0)
    if delta.deleted or before.deleted:
        return ListGraph(delta.list_id, delta.offset, deleted=True)
    members = dict(before.members)
    for name, membership in delta.members.items():
        if membership is None:
            members.pop(name, None)
        else:
            members[name] = membership
    return ListGraph(
        id=before.id,
        offset=delta.offset,
        title=before.title if delta.title is None else delta.title,
        members=members,
        todos=_todos(before, delta),
    )


def _todos(before: ListGraph, delta: Delta) -> dict[UUID, TodoNode]:
    todos = dict(before.todos)  # ten thousand in 0.1 ms
    for todo_id in delta.purged:
        todos.pop(todo_id, None)
    if delta.purged:
        _change_where(
            todos,
            lambda todo: not todo.blocked_by.isdisjoint(delta.purged),
            lambda todo: replace(todo, blocked_by=todo.blocked_by - delta.purged),
        )
    if delta.unassigned:
        _change_where(
            todos,
            lambda todo: not todo.assignees.isdisjoint(delta.unassigned),
            lambda todo: replace(todo, assignees=todo.assignees - delta.unassigned),
        )
    todos |= delta.made
    for todo_id, fields in delta.changed.items():
        if todo_id in todos:
            todos[todo_id] = replace(todos[todo_id], **fields)
    for todo_id, terms in delta.terms.items():
        if todo_id in todos:
            todos[todo_id] = replace(todos[todo_id], terms=terms)
    ties: tuple[tuple[str, Any], ...] = (
        ("labels", delta.labels),
        ("assignees", delta.assigned),
        ("blocked_by", delta.blocked),
    )
    for field, tie in ties:
        for (todo_id, other), tied in tie.items():
            if todo_id not in todos or (field == "blocked_by" and other not in todos):
                continue
            held = getattr(todos[todo_id], field)
            changed = held | {other} if tied else held - {other}
            todos[todo_id] = replace(todos[todo_id], **{field: changed})
    # What was made may name a blocker that is not there: then there is nothing to wait for.
    for todo_id, node in delta.made.items():
        if any(other not in todos for other in node.blocked_by):
            there = frozenset(other for other in node.blocked_by if other in todos)
            todos[todo_id] = replace(todos[todo_id], blocked_by=there)
    return todos


def _change_where(todos: dict[UUID, TodoNode], wanted: Any, change: Any) -> None:
    for todo_id, todo in todos.items():
        if wanted(todo):
            todos[todo_id] = change(todo)
