"""Keep in Neo4j what pulls at each open todo, and which of them are ready."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from store.graph.neo4j_session import rows
from store.graph.pulls import NOTHING, OpenTodo, Pull, people_of, pulls
from store.graph.ranking import PRIORITY, UNBLOCKED, UNBLOCKED_MOST

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

__all__ = ["settle"]

_CHUNK: Final = 5_000

_TIED: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row})
WHERE EXISTS { (t)-[:BLOCKED_BY]-(:Todo) }
RETURN collect(t.key) AS keys
"""
# What is found comes in one record, for a record costs the driver more than what is in it.
# Dependencies that count now, or did when the pulls were written; not the many of long ago.
_DEPENDENCIES: Final = """
UNWIND $rows AS row
MATCH (t:Todo)-[b:BLOCKED_BY {list: row}]->(o:Todo)
USING INDEX b:BLOCKED_BY(list)
WHERE t.blockers > 0 OR o.pull_count > 0
  OR (t.completed IS NULL AND NOT t.deleted AND o.completed IS NULL AND NOT o.deleted)
RETURN collect([t.key, o.key]) AS edges
"""
_TODOS: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row})
RETURN collect([t.key, t.due, t.priority, t.created_by, t.completed IS NULL AND NOT t.deleted,
  [(u:User)-[:ASSIGNED]->(t) | u.name],
  t.blockers, t.pull_count, t.pull_due, t.pull_priority, t.pull_people]) AS todos
"""
# Many change alike: those that wait for one todo no longer wait, all at once.
_PULLS: Final = """
UNWIND $rows AS row
UNWIND row.keys AS key
MATCH (t:Todo {key: key})
SET t += row.fields
"""
# READY carries what the ranking needs of a todo, worked out as far as it depends on nobody and no
# time: whoever asks reads one relationship for each todo that is ready, and no other todo.
_READY: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row})<-[:CONTAINS]-(l:List)
OPTIONAL MATCH (t)<-[old:READY]-(:List)
DELETE old
WITH DISTINCT t, l
WHERE t.completed IS NULL AND NOT t.deleted AND t.blockers = 0
WITH t, l, [(u:User)-[:ASSIGNED]->(t) | u.name] AS who, coalesce(t.pull_people, []) AS people,
  CASE WHEN t.pull_priority > t.priority THEN t.pull_priority ELSE t.priority END AS priority
CREATE (l)-[r:READY]->(t)
SET r.id = t.id, r.created = t.created, r.due = t.due,
  r.base = $worth[priority] + CASE
    WHEN t.pull_count IS NULL THEN 0
    WHEN $each * t.pull_count > $most THEN $most
    ELSE $each * t.pull_count
  END,
  r.urgent = CASE WHEN t.due IS NULL OR t.pull_due < t.due THEN t.pull_due ELSE t.due END,
  r.who = CASE WHEN size(who) > 0 THEN who END,
  r.people = CASE WHEN size(people) > 0 THEN people END
"""


class _Todo(NamedTuple):
    """Hold what _TODOS tells of one todo, in its order."""

    key: str
    due: int | None
    priority: int
    created_by: str
    open: bool
    assignees: list[str]
    blockers: int
    waiting: int
    pull_due: int | None
    pull_priority: int | None
    people: list[str] | None

    def pull(self) -> Pull:
        """Give the pull that was written last."""
        return Pull(
            blockers=self.blockers,
            count=self.waiting,
            due=self.pull_due,
            priority=self.pull_priority or 0,
            people=tuple(self.people or ()),
        )


async def settle(
    transaction: AsyncManagedTransaction, parted: Collection[str], changed: Collection[str]
) -> None:
    """Work out anew what pulls at todos, in lists where that may have changed, and what is ready.

    ``parted`` are todos that may have lost a dependency, ``changed`` those that changed themselves.
    """
    touched = sorted({*changed, *parted})
    tied = set(parted)
    for first in range(0, len(touched), _CHUNK):
        chunk = {"rows": touched[first : first + _CHUNK]}
        (found,) = await rows(transaction, _TIED, chunk)
        tied |= set(found["keys"])
    # Most todos have to do with no dependency: then their lists need not be looked at.
    moved: set[str] = set()
    if tied:
        lists = sorted({todo.rpartition(":")[0] for todo in tied})
        (found,) = await rows(transaction, _DEPENDENCIES, {"rows": lists})
        edges = [(todo, other) for todo, other in found["edges"]]
        moved = await _pull(transaction, edges, tied | {one for edge in edges for one in edge})
    ready = sorted({*changed, *moved})
    for first in range(0, len(ready), _CHUNK):
        chunk = {"rows": ready[first : first + _CHUNK]}
        points = {"worth": PRIORITY, "each": UNBLOCKED, "most": UNBLOCKED_MOST}
        await rows(transaction, _READY, {**chunk, **points})


async def _pull(
    transaction: AsyncManagedTransaction, edges: Collection[tuple[str, str]], tied: Collection[str]
) -> set[str]:
    """Write the pulls that are others than before; give whose."""
    held: dict[UUID, _Todo] = {}
    keys = sorted(tied)
    for first in range(0, len(keys), _CHUNK):
        (found,) = await rows(transaction, _TODOS, {"rows": keys[first : first + _CHUNK]})
        held |= {_id(row[0]): _Todo(*row) for row in found["todos"]}
    waits_for: dict[UUID, list[UUID]] = {}
    for todo, other in edges:
        waits_for.setdefault(_id(todo), []).append(_id(other))
    now = pulls(
        OpenTodo(
            id=one,
            due=row.due,
            priority=row.priority,
            people=people_of(row.assignees, row.created_by),
            waits_for=waits_for.get(one, ()),
        )
        for one, row in held.items()
        if row.open
    )
    changed = {
        row.key: _changed(row.pull(), pull)
        for one, row in held.items()
        if (pull := now.get(one, NOTHING)) != row.pull()
    }
    keys = sorted(changed)
    for first in range(0, len(keys), _CHUNK):
        alike: dict[tuple[tuple[str, Any], ...], list[str]] = {}
        for one in keys[first : first + _CHUNK]:
            alike.setdefault(changed[one], []).append(one)
        together = [{"keys": some, "fields": _fields(fields)} for fields, some in alike.items()]
        await rows(transaction, _PULLS, {"rows": together})
    return set(changed)


def _id(todo: str) -> UUID:
    return UUID(todo.rpartition(":")[2])


def _changed(before: Pull, now: Pull) -> tuple[tuple[str, Any], ...]:
    """Give the properties that have another value now; what there is none of, is None."""
    return tuple(
        (name, value)
        for name, value, old in (
            ("blockers", now.blockers, before.blockers),
            ("pull_count", now.count, before.count),
            ("pull_due", now.due, before.due),
            ("pull_priority", now.priority or None, before.priority or None),
            ("pull_people", now.people or None, before.people or None),
        )
        if value != old
    )


def _fields(changed: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in changed}
