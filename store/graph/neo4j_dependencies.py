"""Answer from Neo4j what waits for what in a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar
from uuid import UUID

from store.graph.answers import Dependency, Impact, ListDependencies, Waiting
from store.graph.impact import steps_to
from store.graph.neo4j_session import TOGETHER, Place, many, rows

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

__all__ = ["OPENED", "dependencies", "impact"]

P = ParamSpec("P")
T = TypeVar("T")

# From so many dependencies on the rest is worked out beside the loop: ten thousand take 0.1 s.
_LARGE: Final = 1_000

OPENED: Final = """
MATCH (p:Projection {key: $graph})
MATCH (g:Generation {number: p.generation})
WHERE $epoch IS NULL OR g.epoch = $epoch
WITH toString(g.number) + ':' AS prefix
MATCH (u:User {key: prefix + $asker})-[:MEMBER]->(l:List {key: prefix + $list})
RETURN l.key AS list, l.offset AS offset, u.key AS user
"""
"""Finds a list of the asker's in the generation that answers; no row: the asker has none such."""

_TODO: Final = """
MATCH (p:Projection {key: $graph})
MATCH (g:Generation {number: p.generation})
WHERE $epoch IS NULL OR g.epoch = $epoch
WITH toString(g.number) + ':' AS prefix
MATCH (t:Todo {id: $todo})
WHERE t.key STARTS WITH prefix
MATCH (t)<-[:CONTAINS]-(l:List)<-[:MEMBER]-(:User {key: prefix + $asker})
RETURN l.key AS list, l.id AS id, l.offset AS offset,
  t.completed IS NULL AND NOT t.deleted AND t.pull_count > 0 AS pulled
"""
_OPEN: Final = (
    """
MATCH (t:Todo)-[:BLOCKED_BY {list: $list}]->(o:Todo)
WHERE t.completed IS NULL AND NOT t.deleted AND o.completed IS NULL AND NOT o.deleted
WITH [t.id, o.id] AS row
"""
    + TOGETHER
)
_LIVE: Final = (
    """
MATCH (t:Todo)-[:BLOCKED_BY {list: $list}]->(o:Todo)
WHERE NOT t.deleted AND NOT o.deleted
WITH [t.id, o.id] AS row
"""
    + TOGETHER
)
_DRAWN: Final = (
    """
MATCH (:List {key: $list})-[:CONTAINS]->(t:Todo)
WHERE NOT t.deleted AND EXISTS { (t)-[:BLOCKED_BY]-(:Todo) }
WITH [t.id, t.title, t.completed IS NOT NULL, t.estimate_min] AS row
"""
    + TOGETHER
)
_COUNT: Final = """
MATCH (:List {key: $list})-[:CONTAINS]->(t:Todo)
WHERE NOT t.deleted
RETURN count(*) AS count
"""


async def impact(
    transaction: AsyncManagedTransaction, place: Place, asker: str, todo_id: UUID
) -> Impact:
    """Find what waits for a todo."""
    parameters = {**place, "asker": asker, "todo": str(todo_id)}
    found = await rows(transaction, _TODO, parameters)
    if not found:
        return Impact(None, 0, ())
    here = found[0]
    list_id = UUID(here["id"])
    if not here["pulled"]:
        return Impact(list_id, here["offset"], ())
    tied = await many(transaction, _OPEN, {"list": here["list"]})
    return Impact(list_id, here["offset"], await _beside(tied, _waiting, todo_id, tied))


async def dependencies(
    transaction: AsyncManagedTransaction, place: Place, asker: str, list_id: UUID
) -> ListDependencies | None:
    """Read the live todos of a list that have to do with a dependency."""
    parameters = {**place, "asker": asker, "list": str(list_id)}
    found = await rows(transaction, OPENED, parameters)
    if not found:
        return None
    here = {"list": found[0]["list"]}
    tied = await many(transaction, _LIVE, here)
    waits_for = await _beside(tied, _by_todo, tied)
    drawn = await many(transaction, _DRAWN, here)
    (live,) = await rows(transaction, _COUNT, here)
    return ListDependencies(
        found[0]["offset"],
        await _beside(tied, _dependencies, waits_for, drawn),
        max(0, live["count"] - len(waits_for)),
    )


async def _beside(
    tied: Sequence[object], work: Callable[P, T], *about: P.args, **more: P.kwargs
) -> T:
    if len(tied) < _LARGE:
        return work(*about, **more)
    return await asyncio.to_thread(work, *about, **more)


def _waiting(todo_id: UUID, tied: Sequence[Sequence[str]]) -> tuple[Waiting, ...]:
    waits_for: dict[UUID, list[UUID]] = {}
    for one, other in tied:
        waits_for.setdefault(UUID(one), []).append(UUID(other))
    return tuple(Waiting(one, steps) for one, steps in steps_to(todo_id, waits_for))


def _by_todo(tied: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Give what each waits for, in order; of those that are waited for only, too."""
    waits_for: dict[str, list[str]] = {}
    for one, other in tied:
        waits_for.setdefault(one, []).append(other)
        waits_for.setdefault(other, [])
    return waits_for


def _dependencies(
    waits_for: Mapping[str, Sequence[str]], drawn: Sequence[Sequence[Any]]
) -> tuple[Dependency, ...]:
    return tuple(
        Dependency(
            UUID(todo_id), title, completed, estimate, tuple(map(UUID, sorted(waits_for[todo_id])))
        )
        for todo_id, title, completed, estimate in sorted(drawn, key=lambda row: str(row[0]))
        if todo_id in waits_for  # else what it has to do with lies in the trash
    )
