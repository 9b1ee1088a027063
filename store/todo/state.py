"""Fold the entries of a list into its state: replaying 1..n gives exactly the snapshot at n."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from store.todo.model import ListInfo, Member, Person, Role, Todo, Writer

__all__ = ["ListState", "fold_todo", "person_from"]

_TIMES = frozenset({"due_at", "completed_at"})


@dataclass(slots=True)
class ListState:
    """Hold a whole list at ``offset``: empty before its first entry, trash included."""

    info: ListInfo | None = None
    members: dict[UUID, Member] = field(default_factory=dict)
    todos: dict[UUID, Todo] = field(default_factory=dict)
    offset: int = 0
    deleted: bool = False

    def apply(self, data: Mapping[str, Any], offset: int) -> None:
        """Take one entry in, in place. Entries of unknown type only move the offset."""
        kind = data["type"]
        if kind.startswith("todo."):
            todo_id = UUID(data["todo_id"] if "todo_id" in data else data["todo"]["id"])
            folded = fold_todo(self.todos.get(todo_id), data, offset)
            if folded is None:
                self.todos.pop(todo_id, None)
            else:
                self.todos[todo_id] = folded
        elif kind.startswith("member."):
            self._apply_member(kind, data)
        elif kind == "list.created":
            made = data["list"]
            self.info = ListInfo(UUID(made["id"]), made["title"], made["description"])
        elif kind == "list.updated" and self.info is not None:
            self.info = replace(self.info, **data["changes"])
        elif kind == "list.deleted":
            self.deleted = True
        self.offset = offset

    def _apply_member(self, kind: str, data: Mapping[str, Any]) -> None:
        person = person_from(data["user"])
        if kind != "member.removed":
            self.members[person.id] = Member(person, Role(data["role"]))
            return
        self.members.pop(person.id, None)
        for todo in tuple(self.todos.values()):
            if person.username in todo.assignees:
                self.todos[todo.id] = replace(
                    todo,
                    assignees=tuple(name for name in todo.assignees if name != person.username),
                )


def fold_todo(todo: Todo | None, data: Mapping[str, Any], offset: int) -> Todo | None:
    """Give the todo after one entry about it; None when the entry purges it."""
    kind = data["type"]
    at = datetime.fromisoformat(data["at"])
    if kind == "todo.created":
        return _from_json(data["todo"], offset, at)
    if kind == "todo.purged":
        return None
    if todo is None:
        message = f"{kind} at offset {offset} is about a todo that was never created"
        raise ValueError(message)
    changed: dict[str, Any]
    if kind == "todo.updated":
        changed = _changes(todo, data, offset)
    elif kind == "todo.moved":
        changed = {"position": data["position"]}
    elif kind == "todo.deleted":
        changed = {"deleted_at": at}
    elif kind == "todo.restored":
        changed = {"deleted_at": None, "position": data["position"]}
    elif kind in {"todo.label_added", "todo.label_removed"}:
        changed = {"labels": _toggled(todo.labels, data["label"], add=kind.endswith("added"))}
    elif kind in {"todo.assigned", "todo.unassigned"}:
        name = data["user"]["username"]
        changed = {"assignees": _toggled(todo.assignees, name, add=kind == "todo.assigned")}
    elif kind in {"todo.blocked", "todo.unblocked"}:
        other = UUID(data["by"])
        changed = {"blocked_by": _toggled(todo.blocked_by, other, add=kind == "todo.blocked")}
    else:
        changed = {}
    return replace(todo, **changed, offset=offset, updated_at=at)


def _changes(todo: Todo, data: Mapping[str, Any], offset: int) -> dict[str, Any]:
    changed = {
        name: datetime.fromisoformat(value) if name in _TIMES and value is not None else value
        for name, value in data["changes"].items()
    }
    writer = Writer(person_from(data["actor"]), offset)
    writers = {**todo.writers, **dict.fromkeys(changed, writer)}
    return {**changed, "writers": writers}


def _toggled(values: tuple[Any, ...], value: Any, *, add: bool) -> tuple[Any, ...]:
    kept = tuple(other for other in values if other != value)
    return (*kept, value) if add else kept


def person_from(made: Mapping[str, Any]) -> Person:
    """Read the ``{id, username}`` of an entry."""
    return Person(UUID(made["id"]), made["username"])


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _from_json(made: Mapping[str, Any], offset: int, at: datetime) -> Todo:
    return Todo(
        id=UUID(made["id"]),
        list_id=UUID(made["list_id"]),
        title=made["title"],
        notes=made["notes"],
        completed=made["completed"],
        completed_at=_moment(made["completed_at"]),
        completed_by=made["completed_by"],
        priority=made["priority"],
        due_at=_moment(made["due_at"]),
        estimate_min=made["estimate_min"],
        labels=tuple(made["labels"]),
        assignees=tuple(made["assignees"]),
        blocked_by=tuple(UUID(other) for other in made["blocked_by"]),
        position=made["position"],
        created_by=person_from(made["created_by"]),
        created_at=datetime.fromisoformat(made["created_at"]),
        updated_at=at,
        deleted_at=None,
        offset=offset,
    )
