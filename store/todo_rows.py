"""Turn a row of ``todos`` into a todo and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from store.todo.model import Person, Todo, Writer

if TYPE_CHECKING:
    from sqlalchemy import Row

__all__ = ["todo_from_row", "todo_values"]


def todo_from_row(row: Row[Any]) -> Todo:
    """Build the todo that a row of ``todos`` keeps."""
    return Todo(
        id=row.id,
        list_id=row.list_id,
        title=row.title,
        notes=row.notes,
        completed=row.completed,
        completed_at=row.completed_at,
        completed_by=row.completed_by,
        priority=row.priority,
        due_at=row.due_at,
        estimate_min=row.estimate_min,
        labels=tuple(row.labels),
        assignees=tuple(row.assignees),
        blocked_by=tuple(UUID(other) for other in row.blocked_by),
        position=row.position,
        created_by=Person(row.created_by, row.created_by_name),
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
        offset=row.log_offset,
        writers={
            name: Writer(Person(UUID(kept["id"]), kept["username"]), kept["offset"])
            for name, kept in row.writers.items()
        },
    )


def todo_values(todo: Todo) -> dict[str, Any]:
    """Give the columns that change during a todo's life."""
    return {
        "title": todo.title,
        "notes": todo.notes,
        "completed": todo.completed,
        "completed_at": todo.completed_at,
        "completed_by": todo.completed_by,
        "priority": todo.priority,
        "due_at": todo.due_at,
        "estimate_min": todo.estimate_min,
        "labels": list(todo.labels),
        "assignees": list(todo.assignees),
        "blocked_by": [str(other) for other in todo.blocked_by],
        "position": todo.position,
        "updated_at": todo.updated_at,
        "deleted_at": todo.deleted_at,
        "log_offset": todo.offset,
        "writers": {
            name: {
                "id": str(writer.by.id),
                "username": writer.by.username,
                "offset": writer.offset,
            }
            for name, writer in todo.writers.items()
        },
    }
