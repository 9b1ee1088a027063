"""Decide the commands about todos."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from store.errors import Conflict, Invalid, NotFound
from store.todo.decision import Context, Decision, demand
from store.todo.model import Role, Todo, instant, person_json, todo_json
from store.todo.position import between
from store.todo.spread import Spread, spread

if TYPE_CHECKING:
    from uuid import UUID

    from store.todo.commands import (
        TodoCreate,
        TodoDelete,
        TodoMove,
        TodoRestore,
        TodoUpdate,
    )
    from store.todo.view import View

__all__ = [
    "MAX_LIVE_TODOS",
    "create_todo",
    "delete_todo",
    "live_todo",
    "move_todo",
    "restore_todo",
    "update_todo",
]

MAX_LIVE_TODOS = 10_000


def create_todo(view: View, command: TodoCreate, context: Context) -> Decision:
    """Add a todo; with an id that this list already has, answer with that todo as it is."""
    demand(view.role, Role.EDITOR)
    if command.id is not None and command.id in view.todos:
        return Decision(todo_id=command.id)
    _demand_room(view)
    _demand_place(view, command.after)
    room = _room(view)
    at = datetime.fromisoformat(context.at)
    todo = Todo(
        id=command.id or context.new_id,
        list_id=view.info.id,
        title=command.title,
        notes=command.notes,
        priority=command.priority,
        due_at=command.due_at,
        estimate_min=command.estimate_min,
        labels=tuple(dict.fromkeys(command.labels)),
        assignees=_assignees(view, command),
        blocked_by=_blockers(view, command),
        position=room.key,
        created_by=context.actor,
        created_at=at,
        updated_at=at,
        offset=view.head + 1 + len(room.moves),
    )
    entry = context.entry("todo.created", todo=todo_json(todo))
    return Decision((*_moved(room, context), entry), todo_id=todo.id, status=201)


def update_todo(view: View, command: TodoUpdate, context: Context) -> Decision:
    """Change fields of a todo; the write wins, and what it replaced of others is named."""
    demand(view.role, Role.EDITOR)
    todo = live_todo(view, command.todo_id)
    wanted = {name: getattr(command.changes, name) for name in command.changes.model_fields_set}
    changed = {name: value for name, value in wanted.items() if getattr(todo, name) != value}
    if not changed:
        return Decision(todo_id=todo.id)
    replaced = {
        name: {
            "value": _plain(getattr(todo, name)),
            "by": person_json(writer.by),
            "offset": writer.offset,
        }
        for name in changed
        if command.base is not None
        and (writer := todo.writers.get(name)) is not None
        and writer.offset > command.base
        and writer.by.id != context.actor.id
    }
    if "completed" in changed:
        done = changed["completed"]
        changed["completed_at"] = datetime.fromisoformat(context.at) if done else None
        changed["completed_by"] = context.actor.username if done else None
    entry = context.entry(
        "todo.updated",
        todo_id=str(todo.id),
        changes={name: _plain(value) for name, value in sorted(changed.items())},
        replaced=replaced,
    )
    return Decision((entry,), todo_id=todo.id)


def move_todo(view: View, command: TodoMove, context: Context) -> Decision:
    """Give a todo a position behind another, or at the front; in its place already: no entry."""
    demand(view.role, Role.EDITOR)
    todo = live_todo(view, command.todo_id)
    if command.after == todo.id:
        raise Invalid([("after", "a todo cannot stand behind itself")])
    _demand_place(view, command.after)
    low, high = view.gap
    if (low is None or low < todo.position) and (high is None or todo.position < high):
        return Decision(todo_id=todo.id)
    room = _room(view)
    entry = context.entry("todo.moved", todo_id=str(todo.id), position=room.key)
    return Decision((*_moved(room, context), entry), todo_id=todo.id)


def delete_todo(view: View, command: TodoDelete, context: Context) -> Decision:
    """Move a todo to the trash; one that lies there already stays as it is."""
    demand(view.role, Role.EDITOR)
    todo = _todo(view, command.todo_id)
    if todo.deleted_at is not None:
        return Decision(todo_id=todo.id)
    return Decision((context.entry("todo.deleted", todo_id=str(todo.id)),), todo_id=todo.id)


def restore_todo(view: View, command: TodoRestore, context: Context) -> Decision:
    """Bring a todo back to its old place; a live one stays as it is."""
    demand(view.role, Role.EDITOR)
    todo = _todo(view, command.todo_id)
    if todo.deleted_at is None:
        return Decision(todo_id=todo.id)
    _demand_room(view)
    entry = context.entry("todo.restored", todo_id=str(todo.id), position=todo.position)
    return Decision((entry,), todo_id=todo.id)


def _todo(view: View, todo_id: UUID) -> Todo:
    todo = view.todos.get(todo_id)
    if todo is None:
        raise NotFound("There is no such todo in this list.")
    return todo


def live_todo(view: View, todo_id: UUID) -> Todo:
    """Give the todo; raises NotFound, or Conflict for one in the trash."""
    todo = _todo(view, todo_id)
    if todo.deleted_at is not None:
        raise Conflict("This todo lies in the trash; restore it first.", code="deleted")
    return todo


def _demand_room(view: View) -> None:
    if view.live_count >= MAX_LIVE_TODOS:
        raise Conflict(
            f"A list holds at most {MAX_LIVE_TODOS:,} live todos; delete some first.",
            code="limit_reached",
        )


def _assignees(view: View, command: TodoCreate) -> tuple[str, ...]:
    names = []
    for number, name in enumerate(command.assignees):
        person = view.people.get(name)
        if person is None or person.id not in view.members:
            raise Invalid([(f"assignees.{number}", "is not a member of this list")])
        names.append(person.username)
    return tuple(dict.fromkeys(names))


def _demand_place(view: View, after: UUID | None) -> None:
    if after is not None and after not in view.todos:
        raise Invalid([("after", "is not a todo of this list")])


def _room(view: View) -> Spread:
    """Find a key for the place asked for; where it is crowded, its neighbours make room.

    Decided from memory, without the neighbours, the key is a little too long: the next one is not.
    """
    if view.crowd is None:
        return Spread(between(*view.gap))
    found = spread(view.crowd)
    if found is None:
        raise Conflict(
            "Too many todos were put into this one place; choose another one.",
            code="limit_reached",
        )
    return found


def _moved(room: Spread, context: Context) -> Iterator[dict[str, Any]]:
    for todo_id, key in room.moves:
        yield context.entry("todo.moved", todo_id=str(todo_id), position=key)


def _blockers(view: View, command: TodoCreate) -> tuple[UUID, ...]:
    for number, other in enumerate(command.blocked_by):
        if other not in view.todos:
            raise Invalid([(f"blocked_by.{number}", "is not a todo of this list")])
    return tuple(dict.fromkeys(command.blocked_by))


def _plain(value: Any) -> Any:
    return instant(value) if isinstance(value, datetime) else value
