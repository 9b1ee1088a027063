"""Turn deltas into the rows that Neo4j's statements take. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from store.graph.model import Delta
from store.graph.neo4j_schema import key
from store.todo.model import Role

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.model import ListGraph, TodoNode

__all__ = ["Changes", "as_delta", "changes"]

Row = dict[str, Any]

_PULLED: Final = frozenset({"due", "priority", "completed", "deleted"})


@dataclass(slots=True)
class Changes:
    """Hold the rows of one transaction, per statement, each kind in the order of its keys.

    ``settled`` are todos of which it must be looked at whether they are ready, and what pulls at
    those they have to do with; ``parted`` are todos that may have no dependency any more.
    """

    tombstones: list[str] = field(default_factory=list)
    lists: list[Row] = field(default_factory=list)
    left: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)
    made: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    renamed: list[Row] = field(default_factory=list)
    named: list[Row] = field(default_factory=list)
    unassigned: list[Row] = field(default_factory=list)
    labels: dict[bool, list[Row]] = field(default_factory=lambda: {False: [], True: []})
    assigned: dict[bool, list[Row]] = field(default_factory=lambda: {False: [], True: []})
    blocked: dict[bool, list[Row]] = field(default_factory=lambda: {False: [], True: []})
    parted: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)


def changes(generation: int, deltas: Iterable[Delta]) -> Changes:
    """Collect the rows of runs of several lists."""
    found = Changes()
    for delta in sorted(deltas, key=lambda delta: str(delta.list_id)):
        _Rows(generation, delta.list_id, found).take(delta)
    return found


def as_delta(whole: ListGraph) -> Delta:
    """See a whole list as the run that makes it out of nothing."""
    if whole.deleted:
        return Delta(whole.id, 0, whole.offset, deleted=True)
    return Delta(
        whole.id, 0, whole.offset, title=whole.title, members=whole.members, made=whole.todos
    )


class _Rows:
    def __init__(self, generation: int, list_id: UUID, found: Changes) -> None:
        self._generation = generation
        self._list_id = list_id
        self._list = key(generation, list_id)
        self._found = found

    def take(self, delta: Delta) -> None:
        found = self._found
        found.lists.append({"key": self._list, "offset": delta.offset, "title": delta.title})
        if delta.deleted:
            found.tombstones.append(self._list)
            return
        for name, membership in sorted(delta.members.items()):
            row: Row = {"list": self._list, "user": self._user(name), "name": name}
            if membership is not None:
                row |= {"role": membership.role.value, "id": str(membership.user_id)}
                found.members.append(row)
            if membership is None or membership.role is not Role.OWNER:
                found.left.append({**row, "gone": membership is None})
        found.purged += self._todos(delta.purged)
        for todo_id in sorted(delta.made):
            self._make(delta.made[todo_id])
        for todo_id, fields in sorted(delta.changed.items()):
            self._change(todo_id, fields)
        for todo_id, terms in sorted(delta.terms.items()):
            todo = self._todo(todo_id)
            found.renamed.append({"todo": todo, "terms": sorted(terms)})
            self._name(todo, terms)
        for name in sorted(delta.unassigned):
            found.unassigned.append({"list": self._list, "user": self._user(name)})
        for (todo_id, label), tied in sorted(delta.labels.items()):
            found.labels[tied].append(self._tie(todo_id, label))
        for (todo_id, name), tied in sorted(delta.assigned.items()):
            found.assigned[tied].append(self._assign(todo_id, name))
        for (todo_id, other), tied in sorted(delta.blocked.items()):
            found.blocked[tied].append(self._block(todo_id, other))
            found.parted |= {self._todo(todo_id), self._todo(other)}

    def _make(self, node: TodoNode) -> None:
        found, todo = self._found, self._todo(node.id)
        found.made.append(
            {
                "list": self._list,
                "user": self._user(node.created_by),
                "todo": todo,
                "fields": {
                    "key": todo, "id": str(node.id), "title": node.title,
                    "priority": node.priority, "created": node.created,
                    "created_by": node.created_by, "due": node.due,
                    "estimate_min": node.estimate_min, "completed": node.completed,
                    "completed_by": node.completed_by, "deleted": node.deleted,
                    "offset": node.offset, "blockers": 0, "pull_count": 0,
                },
            }
        )  # fmt: skip
        if node.completed is not None:
            found.finished.append(todo)
        self._name(todo, node.terms)
        found.labels[True] += [self._tie(node.id, label) for label in sorted(node.labels)]
        found.assigned[True] += [self._assign(node.id, name) for name in sorted(node.assignees)]
        found.blocked[True] += [self._block(node.id, other) for other in sorted(node.blocked_by)]
        found.settled.add(todo)

    def _change(self, todo_id: UUID, fields: Mapping[str, Any]) -> None:
        todo = self._todo(todo_id)
        self._found.changed.append({"todo": todo, "fields": dict(fields)})
        if not fields.keys().isdisjoint({"completed", "completed_by"}):
            self._found.finished.append(todo)
        if not fields.keys().isdisjoint(_PULLED):
            self._found.settled.add(todo)

    def _name(self, todo: str, terms: Iterable[str]) -> None:
        self._found.named += [
            {"todo": todo, "term": f"{self._list}:{term}", "name": term} for term in sorted(terms)
        ]

    def _tie(self, todo_id: UUID, label: str) -> Row:
        return {"todo": self._todo(todo_id), "label": f"{self._list}:{label}", "name": label}

    def _assign(self, todo_id: UUID, name: str) -> Row:
        todo = self._todo(todo_id)
        self._found.settled.add(todo)
        return {"todo": todo, "user": self._user(name), "name": name}

    def _block(self, todo_id: UUID, other: UUID) -> Row:
        return {"list": self._list, "todo": self._todo(todo_id), "other": self._todo(other)}

    def _todo(self, todo_id: UUID) -> str:
        return f"{self._list}:{todo_id}"

    def _todos(self, ids: Iterable[UUID]) -> Sequence[str]:
        return [self._todo(todo_id) for todo_id in sorted(ids)]

    def _user(self, name: str) -> str:
        return f"{self._generation}:{name}"
