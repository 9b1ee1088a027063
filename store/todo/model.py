"""Hold what a list is: its own fields, its members and its todos, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

__all__ = [
    "ListInfo",
    "Member",
    "Person",
    "Role",
    "Todo",
    "Writer",
    "instant",
    "member_json",
    "person_json",
    "todo_json",
]


class Role(StrEnum):
    """Say what a member may do; each role may do all that a lesser one may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"

    def covers(self, needed: Role) -> bool:
        """Tell whether this role suffices where ``needed`` is asked for."""
        return _RANK[self] >= _RANK[needed]


_RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.OWNER: 2}


@dataclass(frozen=True, slots=True)
class Person:
    """Name a user as others see them."""

    id: UUID
    username: str


@dataclass(frozen=True, slots=True)
class Member:
    """Hold a person's place in a list."""

    person: Person
    role: Role


@dataclass(frozen=True, slots=True)
class ListInfo:
    """Hold a list's own fields; ``inbox`` marks the one list every account keeps."""

    id: UUID
    title: str
    description: str = ""
    inbox: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """Remember who last wrote a field, and at which offset of the list."""

    by: Person
    offset: int


@dataclass(frozen=True, slots=True)
class Todo:
    """Hold one todo as of ``offset``, the list offset of its last change.

    ``position`` is a fractional key compared bytewise; order is (position, id). ``deleted_at`` set:
    in the trash. Assignees are usernames. ``writers`` keeps, per field, its last writer and offset;
    it serves ``replaced`` and is not part of the todo as clients see it.
    """

    id: UUID
    list_id: UUID
    title: str
    position: str
    created_by: Person
    created_at: datetime
    updated_at: datetime
    offset: int
    notes: str = ""
    completed: bool = False
    completed_at: datetime | None = None
    completed_by: str | None = None
    priority: str = "none"
    due_at: datetime | None = None
    estimate_min: int | None = None
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    blocked_by: tuple[UUID, ...] = ()
    deleted_at: datetime | None = None
    writers: Mapping[str, Writer] = field(default_factory=dict)


def instant(moment: datetime | None) -> str | None:
    """Spell a moment (aware, UTC) as RFC 3339 with milliseconds and ``Z``; None stays None."""
    if moment is None:
        return None
    # A third of what strftime takes, and every entry and answer has several.
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def person_json(person: Person) -> dict[str, Any]:
    """Build the ``{id, username}`` that entries and answers carry."""
    return {"id": str(person.id), "username": person.username}


def member_json(member: Member) -> dict[str, Any]:
    """Build the ``{id, username, role}`` of a snapshot."""
    return {**person_json(member.person), "role": member.role.value}


def todo_json(todo: Todo) -> dict[str, Any]:
    """Build a todo as clients see it, in the contract's field order."""
    return {
        "id": str(todo.id),
        "list_id": str(todo.list_id),
        "title": todo.title,
        "notes": todo.notes,
        "completed": todo.completed,
        "completed_at": instant(todo.completed_at),
        "completed_by": todo.completed_by,
        "priority": todo.priority,
        "due_at": instant(todo.due_at),
        "estimate_min": todo.estimate_min,
        "labels": list(todo.labels),
        "assignees": list(todo.assignees),
        "blocked_by": [str(other) for other in todo.blocked_by],
        "position": todo.position,
        "created_by": person_json(todo.created_by),
        "created_at": instant(todo.created_at),
        "updated_at": instant(todo.updated_at),
        "deleted_at": instant(todo.deleted_at),
        "offset": todo.offset,
    }
