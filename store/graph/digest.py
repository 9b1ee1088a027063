"""Sum a list of the graph up, so that two of them are compared and told about in a line."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from store.graph.model import ListGraph

__all__ = ["Digest", "digest"]


@dataclass(frozen=True, slots=True)
class Digest:
    """Sum a list up: how many members, todos and relations it has, and the SHA-256 of them all."""

    members: int
    todos: int
    relations: int
    sha256: str


def digest(whole: ListGraph) -> Digest:
    """Sum a list up; equal digests mean equal graphs. Pure."""
    relations = 0
    parts: list[Any] = [str(whole.id), whole.offset, whole.title, whole.deleted]
    parts.append(
        sorted((name, str(one.user_id), one.role.value) for name, one in whole.members.items())
    )
    for todo_id in sorted(whole.todos):
        todo = whole.todos[todo_id]
        sets = [
            sorted(todo.labels),
            sorted(todo.assignees),
            sorted(map(str, todo.blocked_by)),
            sorted(todo.terms),
        ]
        relations += sum(map(len, sets))
        parts.append(
            [
                str(todo.id),
                todo.title,
                todo.priority,
                todo.created,
                todo.created_by,
                todo.due,
                todo.estimate_min,
                todo.completed,
                todo.completed_by,
                todo.deleted,
                todo.offset,
                *sets,
            ]
        )
    digested = hashlib.sha256(orjson.dumps(parts)).hexdigest()
    return Digest(len(whole.members), len(whole.todos), relations, digested)
