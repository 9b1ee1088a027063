"""Keep in Neo4j what pulls at each open todo, and which of them are ready."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final
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
WHERE t.blockers > 0 OR o.pull_count > 0
  OR (t.completed IS NULL AND NOT t.deleted AND o.completed IS NULL AND NOT o.deleted)
RETURN collect([t.key, o.key]) AS edges
"""
_TODOS: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row})
RETURN collect({key: t.key, due: t.due, priority: t.priority, created_by: t.created_by,
  open: t.completed IS NULL AND NOT t.deleted,
  assignees: [(u:User)-[:ASSIGNED]->(t) | u.name],
  blockers: t.blockers, count: t.pull_count, pull_due: t.pull_due,
  pull_priority: t.pull_priority, people: t.pull_people}) AS todos
"""
_PULLS: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row.key})
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
    held: dict[str, Mapping[str, Any]] = {}
    keys = sorted(tied)
    for first in range(0, len(keys), _CHUNK):
        (found,) = await rows(transaction, _TODOS, {"rows": keys[first : first + _CHUNK]})
        held |= {row["key"]: row for row in found["todos"]}
    waits_for: dict[str, list[UUID]] = {}
    for todo, other in edges:
        waits_for.setdefault(todo, []).append(_id(other))
    now = pulls(
        OpenTodo(
            id=_id(one),
            due=row["due"],
            priority=row["priority"],
            people=people_of(row["assignees"], row["created_by"]),
            waits_for=waits_for.get(one, ()),
        )
        for one, row in held.items()
        if row["open"]
    )
    changed = [
        (one, {"key": one, "fields": _fields(pull)})
        for one, row in held.items()
        if (pull := now.get(_id(one), NOTHING)) != _held(row)
    ]
    for first in range(0, len(changed), _CHUNK):
        chunk = [row for _, row in changed[first : first + _CHUNK]]
        await rows(transaction, _PULLS, {"rows": chunk})
    return {one for one, _ in changed}


def _id(todo: str) -> UUID:
    return UUID(todo.rpartition(":")[2])


def _held(row: Mapping[str, Any]) -> Pull:
    return Pull(
        blockers=row["blockers"],
        count=row["count"],
        due=row["pull_due"],
        priority=row["pull_priority"] or 0,
        people=tuple(row["people"] or ()),
    )


def _fields(pull: Pull) -> dict[str, Any]:
    return {
        "blockers": pull.blockers,
        "pull_count": pull.count,
        "pull_due": pull.due,
        "pull_priority": pull.priority or None,
        "pull_people": list(pull.people) or None,
    }
