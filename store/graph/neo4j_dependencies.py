"""Answer from Neo4j what waits for what in a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from store.graph.answers import Dependency, Impact, ListDependencies, Waiting
from store.graph.impact import steps_to
from store.graph.neo4j_session import rows
from store.graph.pulls import people_of

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

__all__ = ["OPENED", "dependencies", "impact"]

OPENED: Final = """
MATCH (p:Projection {key: $graph})
WITH toString(p.generation) + ':' AS prefix
MATCH (u:User {key: prefix + $asker})-[:MEMBER]->(l:List {key: prefix + $list})
RETURN l.key AS list, l.offset AS offset, u.key AS user
"""
"""Finds a list of the asker's in the generation that answers; no row: the asker has none such."""

_TODO: Final = """
MATCH (p:Projection {key: $graph})
WITH toString(p.generation) + ':' AS prefix
MATCH (t:Todo {id: $todo})
WHERE t.key STARTS WITH prefix
MATCH (t)<-[:CONTAINS]-(l:List)<-[:MEMBER]-(:User {key: prefix + $asker})
RETURN l.key AS list, l.id AS id, l.offset AS offset,
  t.completed IS NULL AND NOT t.deleted AND t.pull_count > 0 AS pulled
"""
_OPEN: Final = """
MATCH (t:Todo)-[:BLOCKED_BY {list: $list}]->(o:Todo)
WHERE t.completed IS NULL AND NOT t.deleted AND o.completed IS NULL AND NOT o.deleted
RETURN t.id AS todo, o.id AS other
"""
_WAITING: Final = """
UNWIND $todos AS todo
MATCH (t:Todo {key: $list + ':' + todo})
RETURN t.id AS id, t.title AS title, t.created_by AS created_by,
  [(t)<-[:ASSIGNED]-(u:User) | u.name] AS assignees
"""
_LIVE: Final = """
MATCH (t:Todo)-[:BLOCKED_BY {list: $list}]->(o:Todo)
WHERE NOT t.deleted AND NOT o.deleted
RETURN t.id AS todo, o.id AS other
"""
_DRAWN: Final = """
UNWIND $todos AS todo
MATCH (t:Todo {key: $list + ':' + todo})
RETURN t.id AS id, t.title AS title, t.completed IS NOT NULL AS completed,
  t.estimate_min AS estimate_min
"""
_COUNT: Final = """
MATCH (:List {key: $list})-[:CONTAINS]->(t:Todo)
WHERE NOT t.deleted
RETURN count(*) AS count
"""


async def impact(
    transaction: AsyncManagedTransaction, graph: str, asker: str, todo_id: UUID
) -> Impact:
    """Find what waits for a todo."""
    parameters = {"graph": graph, "asker": asker, "todo": str(todo_id)}
    found = await rows(transaction, _TODO, parameters)
    if not found:
        return Impact(None, 0, ())
    here = found[0]
    list_id = UUID(here["id"])
    if not here["pulled"]:
        return Impact(list_id, here["offset"], ())
    waits_for: dict[UUID, list[UUID]] = {}
    for row in await rows(transaction, _OPEN, {"list": here["list"]}):
        waits_for.setdefault(UUID(row["todo"]), []).append(UUID(row["other"]))
    steps = steps_to(todo_id, waits_for)
    ids = [str(one) for one, _ in steps]
    told = await rows(transaction, _WAITING, {"list": here["list"], "todos": ids})
    by_id = {UUID(row["id"]): row for row in told}
    return Impact(
        list_id,
        here["offset"],
        tuple(
            Waiting(
                one,
                by_id[one]["title"],
                count,
                tuple(sorted(people_of(by_id[one]["assignees"], by_id[one]["created_by"]))),
            )
            for one, count in steps
            if one in by_id  # else it was purged a moment ago
        ),
    )


async def dependencies(
    transaction: AsyncManagedTransaction, graph: str, asker: str, list_id: UUID
) -> ListDependencies | None:
    """Read the live todos of a list that have to do with a dependency."""
    parameters = {"graph": graph, "asker": asker, "list": str(list_id)}
    found = await rows(transaction, OPENED, parameters)
    if not found:
        return None
    here = {"list": found[0]["list"]}
    waits_for: dict[str, list[str]] = {}
    for row in await rows(transaction, _LIVE, here):
        waits_for.setdefault(row["todo"], []).append(row["other"])
        waits_for.setdefault(row["other"], [])
    drawn = await rows(transaction, _DRAWN, {**here, "todos": sorted(waits_for)})
    (live,) = await rows(transaction, _COUNT, here)
    return ListDependencies(
        found[0]["offset"],
        tuple(
            Dependency(
                UUID(row["id"]),
                row["title"],
                row["completed"],
                row["estimate_min"],
                tuple(map(UUID, sorted(waits_for[row["id"]]))),
            )
            for row in sorted(drawn, key=lambda row: row["id"])
        ),
        max(0, live["count"] - len(waits_for)),
    )
