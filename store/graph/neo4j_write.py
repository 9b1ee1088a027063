"""Write changes to Neo4j: few statements, whole batches of rows, one order of locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, LiteralString

from store.graph.neo4j_pulls import settle
from store.graph.neo4j_rows import Changes, changes
from store.graph.neo4j_schema import key
from store.graph.neo4j_session import Rows, rows

if TYPE_CHECKING:
    from uuid import UUID

    from neo4j import AsyncManagedTransaction

    from store.graph.model import Delta

__all__ = ["SIZE", "take_in", "take_out"]

# Rows of one statement: its memory, and the time until a bound is seen.
_ROWS: Final = 5_000

SIZE: Final = """
MATCH (l:List {key: $key})
RETURN COUNT { (l)-[:CONTAINS]->() } AS size
"""
# A lock is had by writing. What is read after that is what whoever had it before has left.
_LOCK: Final = """
MATCH (g:Generation {number: $generation})
WHERE g.dropped IS NULL
UNWIND $rows AS row
MATCH (l:List {key: row.key})
SET l.locked = true
RETURN l.key AS key, l.offset AS offset, l.deleted AS deleted
"""
_LOCK_NEW: Final = """
MATCH (g:Generation {number: $generation})
WHERE g.dropped IS NULL
UNWIND $rows AS row
MERGE (l:List {key: row.key})
ON CREATE SET l.offset = 0, l.title = '', l.deleted = false, l.id = row.id
SET l.locked = true
RETURN l.key AS key, l.offset AS offset, l.deleted AS deleted
"""
_LISTS: Final = """
UNWIND $rows AS row
MATCH (l:List {key: row.key})
SET l.offset = row.offset, l.title = coalesce(row.title, l.title)
"""
# What is gone of a list leaves its node, with the offset: nothing older can make it again.
_TOMBSTONES: Final = """
UNWIND $rows AS row
MATCH (l:List {key: row})
SET l.deleted = true, l.title = ''
"""
_REVIVED: Final = "MATCH (l:List {key: $key}) SET l.deleted = false, l.title = '', l.offset = 0"
_EMPTY: Final[tuple[LiteralString, ...]] = (
    "UNWIND $rows AS row MATCH (t:Todo) WHERE t.key STARTS WITH row + ':' DETACH DELETE t",
    "UNWIND $rows AS row MATCH (x:Label) WHERE x.key STARTS WITH row + ':' DETACH DELETE x",
    "UNWIND $rows AS row MATCH (x:Term) WHERE x.key STARTS WITH row + ':' DETACH DELETE x",
    "UNWIND $rows AS row MATCH (:List {key: row})<-[m:MEMBER|OWNS]-(:User) DELETE m",
)
_LEFT: Final = """
UNWIND $rows AS row
MATCH (u:User {key: row.user})
MATCH (l:List {key: row.list})
MATCH (u)-[m:MEMBER|OWNS]->(l)
WHERE row.gone OR m:OWNS
DELETE m
"""
_MEMBERS: Final = """
UNWIND $rows AS row
MATCH (l:List {key: row.list})
MERGE (u:User {key: row.user})
ON CREATE SET u.name = row.name
MERGE (u)-[m:MEMBER]->(l)
SET m.role = row.role, m.user = row.id
FOREACH (_ IN CASE row.role WHEN 'owner' THEN [1] ELSE [] END | MERGE (u)-[:OWNS]->(l))
"""
_PARTED: Final = """
UNWIND $rows AS row
MATCH (:Todo {key: row})-[:BLOCKED_BY]-(other:Todo)
RETURN DISTINCT other.key AS key
"""
_PURGED: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row})
OPTIONAL MATCH (t)-[:HAS|NAMED]->(x)
DETACH DELETE t
WITH DISTINCT x
WHERE x IS NOT NULL AND NOT EXISTS { (x)<-[:HAS|NAMED]-() }
DELETE x
"""
_MADE: Final = """
UNWIND $rows AS row
MATCH (l:List {key: row.list})
MERGE (u:User {key: row.user})
ON CREATE SET u.name = row.fields.created_by
MERGE (t:Todo {key: row.todo})
SET t = row.fields
MERGE (l)-[:CONTAINS]->(t)
MERGE (u)-[c:CREATED]->(t)
SET c.at = t.created
"""
_CHANGED: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row.todo})
SET t += row.fields
"""
_FINISHED: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row})
OPTIONAL MATCH (:User)-[c:COMPLETED]->(t)
DELETE c
WITH DISTINCT t
WHERE t.completed IS NOT NULL AND t.completed_by IS NOT NULL
MERGE (u:User {key: $prefix + t.completed_by})
ON CREATE SET u.name = t.completed_by
CREATE (u)-[:COMPLETED {at: t.completed}]->(t)
"""
_RENAMED: Final = """
UNWIND $rows AS row
MATCH (:Todo {key: row.todo})-[h:NAMED]->(x:Term)
WHERE NOT x.name IN row.terms
DELETE h
WITH DISTINCT x
WHERE NOT EXISTS { (x)<-[:NAMED]-() }
DELETE x
"""
_NAMED: Final = """
UNWIND $rows AS row
MATCH (t:Todo {key: row.todo})
MERGE (x:Term {key: row.term})
ON CREATE SET x.name = row.name
MERGE (t)-[:NAMED]->(x)
"""
_UNASSIGNED: Final = """
UNWIND $rows AS row
MATCH (u:User {key: row.user})-[a:ASSIGNED]->(t:Todo)
WHERE t.key STARTS WITH row.list + ':'
DELETE a
RETURN DISTINCT t.key AS key
"""
_LABELS: Final[dict[bool, LiteralString]] = {
    False: """
UNWIND $rows AS row
MATCH (t:Todo {key: row.todo})
MATCH (x:Label {key: row.label})
MATCH (t)-[h:HAS]->(x)
DELETE h
WITH DISTINCT x
WHERE NOT EXISTS { (x)<-[:HAS]-() }
DELETE x
""",
    True: """
UNWIND $rows AS row
MATCH (t:Todo {key: row.todo})
MERGE (x:Label {key: row.label})
ON CREATE SET x.name = row.name
MERGE (t)-[:HAS]->(x)
""",
}
_ASSIGNED: Final[dict[bool, LiteralString]] = {
    False: """
UNWIND $rows AS row
MATCH (t:Todo {key: row.todo})
MATCH (u:User {key: row.user})
MATCH (u)-[a:ASSIGNED]->(t)
DELETE a
""",
    True: """
UNWIND $rows AS row
MATCH (t:Todo {key: row.todo})
MERGE (u:User {key: row.user})
ON CREATE SET u.name = row.name
MERGE (u)-[:ASSIGNED]->(t)
""",
}
_BLOCKED: Final[dict[bool, LiteralString]] = {
    False: """
UNWIND $rows AS row
MATCH (t:Todo {key: row.todo})
MATCH (o:Todo {key: row.other})
MATCH (t)-[b:BLOCKED_BY]->(o)
DELETE b
""",
    True: """
UNWIND $rows AS row
MATCH (t:Todo {key: row.todo})
MATCH (o:Todo {key: row.other})
MERGE (t)-[b:BLOCKED_BY]->(o)
SET b.list = row.list
""",
}


async def take_in(
    transaction: AsyncManagedTransaction, generation: int, deltas: Sequence[Delta]
) -> Mapping[UUID, int]:
    """Apply those that begin where their list stands; give where every list stands then."""
    keys = {key(generation, delta.list_id): delta for delta in deltas}
    locks = [{"key": one, "id": str(keys[one].list_id)} for one in sorted(keys)]
    found = await rows(transaction, _LOCK, {"generation": generation, "rows": locks})
    stands = {row["key"]: row["offset"] for row in found}
    gone = {row["key"] for row in found if row["deleted"]}
    new = [row for row in locks if row["key"] not in stands and keys[row["key"]].since == 0]
    if new:
        made = await rows(transaction, _LOCK_NEW, {"generation": generation, "rows": new})
        stands |= {row["key"]: row["offset"] for row in made}
    accepted = [
        replace(delta, deleted=True) if one in gone else delta
        for one, delta in keys.items()
        if stands.get(one) == delta.since
    ]
    if accepted:
        await _write(transaction, generation, changes(generation, accepted))
    after = {delta.list_id: stands.get(one, 0) for one, delta in keys.items()}
    return after | {delta.list_id: delta.offset for delta in accepted}


async def take_out(transaction: AsyncManagedTransaction, generation: int, list_id: UUID) -> None:
    """Lock a list, made if need be, and remove all there is of it but its node."""
    here = key(generation, list_id)
    lock = {"generation": generation, "rows": [{"key": here, "id": str(list_id)}]}
    if await rows(transaction, _LOCK_NEW, lock):
        await _empty(transaction, [here])
        await rows(transaction, _REVIVED, {"key": here})


async def _write(transaction: AsyncManagedTransaction, generation: int, found: Changes) -> None:
    async def run(text: LiteralString, of: Sequence[Any]) -> Rows:
        answer: Rows = []
        for first in range(0, len(of), _ROWS):
            parameters = {"rows": of[first : first + _ROWS], "prefix": f"{generation}:"}
            answer += await rows(transaction, text, parameters)
        return answer

    await run(_LISTS, found.lists)
    if found.tombstones:
        await run(_TOMBSTONES, found.tombstones)
        await _empty(transaction, found.tombstones)
    await run(_LEFT, found.left)
    await run(_MEMBERS, found.members)
    if found.purged:
        found.parted |= {row["key"] for row in await run(_PARTED, found.purged)}
        await run(_PURGED, found.purged)
    await run(_MADE, found.made)
    await run(_CHANGED, found.changed)
    await run(_FINISHED, found.finished)
    await run(_RENAMED, found.renamed)
    await run(_NAMED, found.named)
    found.settled |= {row["key"] for row in await run(_UNASSIGNED, found.unassigned)}
    for tied in (False, True):
        await run(_LABELS[tied], found.labels[tied])
        await run(_ASSIGNED[tied], found.assigned[tied])
        await run(_BLOCKED[tied], found.blocked[tied])
    await settle(transaction, found.parted, found.settled)


async def _empty(transaction: AsyncManagedTransaction, lists: Sequence[str]) -> None:
    for text in _EMPTY:
        await rows(transaction, text, {"rows": list(lists)})
