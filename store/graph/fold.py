"""Fold a run of one list's entries into what it changes in the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from store.graph.model import PRIORITIES, Delta, Membership, TodoNode
from store.graph.terms import terms_of
from store.graph.whole import milliseconds
from store.todo.model import Role

if TYPE_CHECKING:
    from store.entry import Entry

__all__ = ["fold"]


def fold(list_id: UUID, since: int, entries: Sequence[Entry]) -> Delta:
    """Give the net effect of ``entries``, the first of which comes right after ``since``.

    Entries of a type that this version does not know move the offset and nothing else. Raises
    KeyError, TypeError or ValueError when one is not what it should be. Pure.
    """
    run = _Run()
    for entry in entries:
        run.take(orjson.loads(entry.data), entry.offset)
    offset = entries[-1].offset if entries else since
    if run.deleted:
        return Delta(list_id, since, offset, deleted=True)
    return Delta(
        list_id,
        since,
        offset,
        title=run.title,
        members=run.members,
        purged=frozenset(run.purged),
        made=run.made,
        changed=run.changed,
        terms=run.terms,
        unassigned=frozenset(run.unassigned),
        labels=run.labels,
        assigned=run.assigned,
        blocked=run.blocked,
    )


class _Run:
    """Collect what the entries come to, in order."""

    def __init__(self) -> None:
        self.deleted = False
        self.title: str | None = None
        self.members: dict[str, Membership | None] = {}
        self.purged: set[UUID] = set()
        self.made: dict[UUID, TodoNode] = {}
        self.changed: dict[UUID, dict[str, Any]] = {}
        self.terms: dict[UUID, frozenset[str]] = {}
        self.unassigned: set[str] = set()
        self.labels: dict[tuple[UUID, str], bool] = {}
        self.assigned: dict[tuple[UUID, str], bool] = {}
        self.blocked: dict[tuple[UUID, UUID], bool] = {}

    def take(self, data: Mapping[str, Any], offset: int) -> None:
        kind: str = data["type"]
        if kind.startswith("todo."):
            self._take_todo(kind, data, offset)
        elif kind in {"member.added", "member.role_changed"}:
            user = data["user"]
            self.members[user["username"]] = Membership(UUID(user["id"]), Role(data["role"]))
        elif kind == "member.removed":
            self._remove(data["user"]["username"])
        elif kind == "list.created":
            self.title = data["list"]["title"]
        elif kind == "list.updated":
            self.title = data["changes"].get("title", self.title)
        elif kind == "list.deleted":
            self.deleted = True

    def _remove(self, name: str) -> None:
        """Take a member off the list and off every todo's assignees."""
        self.members[name] = None
        self.unassigned.add(name)
        for pair in [pair for pair in self.assigned if pair[1] == name]:
            del self.assigned[pair]
        for todo_id, node in self.made.items():
            if name in node.assignees:
                self.made[todo_id] = replace(node, assignees=node.assignees - {name})

    def _take_todo(self, kind: str, data: Mapping[str, Any], offset: int) -> None:
        if kind == "todo.created":
            node = _made(data["todo"], offset)
            self.made[node.id] = node
            return
        todo_id = UUID(data["todo_id"])
        if kind == "todo.purged":
            self._purge(todo_id)
            return
        self._set(todo_id, offset=offset)
        match kind:
            case "todo.updated":
                self._set(todo_id, **_fields(data["changes"]))
                if "title" in data["changes"]:
                    self._name(todo_id, terms_of(data["changes"]["title"]))
            case "todo.deleted" | "todo.restored":
                self._set(todo_id, deleted=kind == "todo.deleted")
            case "todo.label_added" | "todo.label_removed":
                self._tie(todo_id, "labels", data["label"], tied=kind == "todo.label_added")
            case "todo.assigned" | "todo.unassigned":
                name = data["user"]["username"]
                self._tie(todo_id, "assignees", name, tied=kind == "todo.assigned")
            case "todo.blocked" | "todo.unblocked":
                self._tie(todo_id, "blocked_by", UUID(data["by"]), tied=kind == "todo.blocked")

    def _set(self, todo_id: UUID, **values: Any) -> None:
        if todo_id in self.made:
            self.made[todo_id] = replace(self.made[todo_id], **values)
        else:
            self.changed.setdefault(todo_id, {}).update(values)

    def _name(self, todo_id: UUID, terms: frozenset[str]) -> None:
        if todo_id in self.made:
            self.made[todo_id] = replace(self.made[todo_id], terms=terms)
        else:
            self.terms[todo_id] = terms

    def _tie(self, todo_id: UUID, field: str, other: Any, *, tied: bool) -> None:
        if todo_id in self.made:
            node = self.made[todo_id]
            held: frozenset[Any] = getattr(node, field)
            changed: Any = {field: held | {other} if tied else held - {other}}
            self.made[todo_id] = replace(node, **changed)
            return
        ties: dict[str, dict[Any, bool]] = {
            "labels": self.labels,
            "assignees": self.assigned,
            "blocked_by": self.blocked,
        }
        ties[field][todo_id, other] = tied

    def _purge(self, todo_id: UUID) -> None:
        """Forget a todo with all that hangs on it, also as what others wait for."""
        self.purged.add(todo_id)
        self.made.pop(todo_id, None)
        self.changed.pop(todo_id, None)
        self.terms.pop(todo_id, None)
        ties: tuple[dict[Any, bool], ...] = (self.labels, self.assigned, self.blocked)
        for tie in ties:
            for pair in [pair for pair in tie if todo_id in pair]:
                del tie[pair]
        for other_id, node in self.made.items():
            if todo_id in node.blocked_by:
                self.made[other_id] = replace(node, blocked_by=node.blocked_by - {todo_id})


def _made(todo: Mapping[str, Any], offset: int) -> TodoNode:
    return TodoNode(
        id=UUID(todo["id"]),
        title=todo["title"],
        created=milliseconds(datetime.fromisoformat(todo["created_at"])),
        created_by=todo["created_by"]["username"],
        offset=offset,
        terms=terms_of(todo["title"]),
        labels=frozenset(todo["labels"]),
        assignees=frozenset(todo["assignees"]),
        blocked_by=frozenset(map(UUID, todo["blocked_by"])),
        **_fields({name: todo[name] for name in ("priority", "due_at", "estimate_min")}),
    )


def _fields(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Name the fields of an entry as TodoNode does; what the graph does not hold is left out."""
    fields: dict[str, Any] = {}
    for name, value in changes.items():
        match name:
            case "title" | "estimate_min" | "completed_by":
                fields[name] = value
            case "priority":
                fields[name] = PRIORITIES[value]
            case "due_at" | "completed_at":
                moment = None if value is None else datetime.fromisoformat(value)
                fields[name.removesuffix("_at")] = milliseconds(moment)
    return fields
