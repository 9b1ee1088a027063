"""Answer from Neo4j whom to ask, and what goes with a title."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from store.graph.answers import ListHints, PeopleHints
from store.graph.hints import BASES, TOGETHER_MS, WITH_A_BASE, Neighbour, companions, label_hints
from store.graph.neo4j_dependencies import OPENED
from store.graph.neo4j_session import Place, Rows, rows
from store.graph.people import Meeting, Work, assignments, invitations
from store.graph.terms import terms_of, title_key

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

__all__ = ["hints", "people"]

_MEMBERS: Final = """
MATCH (u:User)-[m:MEMBER]->(:List {key: $list})
RETURN u.name AS name, m.role AS role
"""
_MET: Final = """
MATCH (:User {key: $user})-[:MEMBER]->(l:List)
WHERE l.key <> $list
MATCH (l)<-[:MEMBER]-(other:User)
WITH l, collect(other.name) AS names
RETURN [name IN names WHERE NOT name IN $here] AS met,
  [name IN names WHERE name IN $here AND name <> $asker] AS insiders
"""
_DONE: Final = """
MATCH (:List {key: $list})-[:CONTAINS]->(t:Todo)
WHERE t.completed_by IS NOT NULL AND t.completed IS NOT NULL AND NOT t.deleted
RETURN t.completed_by AS name, count(*) AS count
"""
# From what is ready and nobody's, by what it shares, to what was completed.
_ALIKE: Final = """
MATCH (:List {key: $list})-[r:READY]->(t:Todo)
WHERE r.who IS NULL
MATCH (t)-[:NAMED|HAS]->(shared)
WITH DISTINCT shared
MATCH (shared)<-[:NAMED|HAS]-(done:Todo)
WHERE done.completed_by IS NOT NULL AND done.completed IS NOT NULL AND NOT done.deleted
WITH DISTINCT done
RETURN done.completed_by AS name, count(*) AS count
"""
_BUSY: Final = """
MATCH (:List {key: $list})-[:CONTAINS]->(t:Todo)
WHERE t.completed IS NULL AND NOT t.deleted
MATCH (t)<-[:ASSIGNED]-(u:User)
RETURN u.name AS name, count(*) AS count
"""
_LABELS: Final = """
MATCH (:User {key: $user})-[:MEMBER]->(l:List)
UNWIND $terms AS term
MATCH (x:Term {key: l.key + ':' + term})<-[:NAMED]-(t:Todo)
WHERE NOT t.deleted
WITH DISTINCT l, t
MATCH (t)-[:HAS]->(label:Label)
RETURN label.name AS label, l.key = $list AS here, count(*) AS count
"""
_BASES: Final = """
UNWIND $terms AS term
MATCH (:Term {key: $list + ':' + term})<-[:NAMED]-(t:Todo)
WHERE NOT t.deleted
WITH DISTINCT t.id AS id, t.created AS created
ORDER BY created DESC, id
LIMIT $limit
RETURN id, created
"""
_NEAR: Final = """
MATCH (:List {key: $list})-[:CONTAINS]->(t:Todo)
WHERE NOT t.deleted AND any(one IN $spans WHERE one[0] <= t.created AND t.created <= one[1])
  AND NOT EXISTS { MATCH (t)-[:NAMED]->(x:Term) WHERE x.name IN $terms }
RETURN t.id AS id, t.created AS created
"""
_TITLES: Final = """
UNWIND $todos AS todo
MATCH (t:Todo {key: $list + ':' + todo})
RETURN t.id AS id, t.title AS title
"""
_OPEN: Final = """
MATCH (:List {key: $list})-[:CONTAINS]->(t:Todo)
WHERE t.completed IS NULL AND NOT t.deleted
RETURN t.title AS title
"""


async def people(
    transaction: AsyncManagedTransaction, place: Place, asker: str, list_id: UUID, limit: int
) -> PeopleHints | None:
    """Count whom the asker meets, and what the list's members did."""
    found = await _opened(transaction, place, asker, list_id)
    if found is None:
        return None
    here = {"list": found["list"]}
    members = {row["name"]: row["role"] for row in await rows(transaction, _MEMBERS, here)}
    parameters = {**here, "user": found["user"], "asker": asker, "here": sorted(members)}
    met: Counter[str] = Counter()
    colleagues: dict[str, set[str]] = {}
    for row in await rows(transaction, _MET, parameters):
        met.update(row["met"])
        for name in row["met"]:
            colleagues.setdefault(name, set()).update(row["insiders"])
    done, alike, busy = [
        {row["name"]: row["count"] for row in await rows(transaction, text, here)}
        for text in (_DONE, _ALIKE, _BUSY)
    ]
    work = {
        name: Work(alike.get(name, 0), done.get(name, 0) - alike.get(name, 0), busy.get(name, 0))
        for name, role in members.items()
        if role != "viewer"
    }
    meetings = {name: Meeting(count, len(colleagues[name])) for name, count in met.items()}
    return PeopleHints(invitations(meetings, limit), assignments(work, limit), found["offset"])


async def hints(
    transaction: AsyncManagedTransaction,
    place: Place,
    asker: str,
    list_id: UUID,
    title: str,
    limit: int,
) -> ListHints | None:
    """Count the labels of todos like this one, and what was added together with them."""
    found = await _opened(transaction, place, asker, list_id)
    if found is None:
        return None
    here = {"list": found["list"], "user": found["user"], "terms": sorted(terms_of(title))}
    counts: dict[str, tuple[int, int]] = {}
    for row in await rows(transaction, _LABELS, here):
        own, far = counts.get(row["label"], (0, 0))
        counts[row["label"]] = (row["count"], far) if row["here"] else (own, far + row["count"])
    neighbours = await _neighbours(transaction, here)
    still_open = await rows(transaction, _OPEN, here) if neighbours else []
    return ListHints(
        label_hints(counts, limit),
        companions(neighbours, (title_key(row["title"]) for row in still_open), limit),
        found["offset"],
    )


async def _opened(
    transaction: AsyncManagedTransaction, place: Place, asker: str, list_id: UUID
) -> dict[str, Any] | None:
    parameters = {**place, "asker": asker, "list": str(list_id)}
    return next(iter(await rows(transaction, OPENED, parameters)), None)


async def _neighbours(
    transaction: AsyncManagedTransaction, here: dict[str, Any]
) -> list[Neighbour]:
    bases = await rows(transaction, _BASES, {**here, "limit": BASES})
    if not bases:
        return []
    near = await rows(transaction, _NEAR, {**here, "spans": _spans(bases)})
    near.sort(key=lambda row: (row["created"], row["id"]))
    close_by = []
    for base in bases:
        close = (row for row in near if abs(row["created"] - base["created"]) <= TOGETHER_MS)
        close_by += [row for row, _ in zip(close, range(WITH_A_BASE), strict=False)]
    wanted = sorted({row["id"] for row in close_by})
    told = await rows(transaction, _TITLES, {**here, "todos": wanted})
    titles = {row["id"]: row["title"] for row in told}
    return [
        Neighbour(UUID(row["id"]), title_key(titles[row["id"]]), titles[row["id"]], row["created"])
        for row in close_by
        if row["id"] in titles
    ]


def _spans(bases: Rows) -> list[list[int]]:
    """Give the times within reach of the bases, those that overlap as one."""
    spans: list[list[int]] = []
    for created in sorted(base["created"] for base in bases):
        if spans and created - TOGETHER_MS <= spans[-1][1]:
            spans[-1][1] = created + TOGETHER_MS
        else:
            spans.append([created - TOGETHER_MS, created + TOGETHER_MS])
    return spans
