"""Find in Neo4j what an asker can do next, by the points of store.graph.ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from store.graph.answers import Recommendations
from store.graph.neo4j_session import rows
from store.graph.pulls import Pull
from store.graph.ranking import (
    AGE_DAYS,
    AGE_MOST,
    ASSIGNED,
    DAY_MS,
    DUE,
    DUE_HOURS,
    HOUR_MS,
    OVERDUE,
    OVERDUE_HOURS,
    PEOPLE_MOST,
    PERSON,
    Candidate,
    order_of,
    recommendation,
    score_of,
)

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

__all__ = ["LISTS", "TOP", "recommend"]

LISTS: Final = """
MATCH (p:Projection {key: $graph})
MATCH (u:User {key: toString(p.generation) + ':' + $asker})-[m:MEMBER]->(l:List)
RETURN u.key AS user, l.id AS id, l.offset AS offset
"""

# The same arithmetic as store.graph.ranking, less what cancels out: the better of two due dates
# is worth more than both, and so is the higher of two priorities. Only what is put first is read.
TOP: Final = """
MATCH (u:User {key: $user})-[m:MEMBER]->(l:List)
WHERE m.role <> 'viewer'
MATCH (l)-[r:READY]->(t:Todo)
WHERE r.who IS NULL OR $asker IN r.who
WITH r, r.base
  + CASE
      WHEN r.urgent IS NULL THEN 0
      WHEN r.urgent >= $now + $due_ms THEN 0
      WHEN r.urgent >= $now
        THEN $due * ($due_hours - (r.urgent - $now) / $hour_ms) / $due_hours
      WHEN r.urgent <= $now - $overdue_ms THEN $due + $overdue
      ELSE $due + $overdue * (($now - r.urgent) / $hour_ms) / $overdue_hours
    END
  + CASE
      WHEN r.people IS NULL THEN 0
      WHEN $person * (size(r.people) - CASE WHEN $asker IN r.people THEN 1 ELSE 0 END)
        > $people_most THEN $people_most
      ELSE $person * (size(r.people) - CASE WHEN $asker IN r.people THEN 1 ELSE 0 END)
    END
  + CASE WHEN r.who IS NULL THEN 0 ELSE $assigned END
  + CASE
      WHEN r.created >= $now THEN 0
      WHEN r.created <= $now - $age_ms * $age_most THEN $age_most
      ELSE ($now - r.created) / $age_ms
    END
  AS score
ORDER BY score DESC, coalesce(r.due, $never), r.created, r.id
LIMIT $limit
WITH startNode(r) AS l, endNode(r) AS t, r.who IS NOT NULL AS mine
RETURN t.id AS todo, l.id AS list, t.due AS due, t.priority AS priority, t.created AS created,
  mine, t.pull_count AS count, t.pull_due AS pull_due, t.pull_priority AS pull_priority,
  t.pull_people AS people
"""

_POINTS: Final = {
    "due": DUE,
    "due_hours": DUE_HOURS,
    "due_ms": DUE_HOURS * HOUR_MS,
    "overdue": OVERDUE,
    "overdue_hours": OVERDUE_HOURS,
    "overdue_ms": OVERDUE_HOURS * HOUR_MS,
    "hour_ms": HOUR_MS,
    "person": PERSON,
    "people_most": PEOPLE_MOST,
    "assigned": ASSIGNED,
    "age_ms": AGE_DAYS * DAY_MS,
    "age_most": AGE_MOST,
    "never": 2**63 - 1,
}


async def recommend(
    transaction: AsyncManagedTransaction, graph: str, asker: str, now: int, limit: int
) -> Recommendations:
    """Rank what is ready in the asker's lists, and give the first ``limit``, best first."""
    lists = await rows(transaction, LISTS, {"graph": graph, "asker": asker})
    if not lists:
        return Recommendations((), {})
    parameters = {"user": lists[0]["user"], "asker": asker, "now": now, "limit": limit}
    found = await rows(transaction, TOP, {**_POINTS, **parameters})
    best = sorted(map(_candidate, found), key=lambda one: order_of(one, score_of(one, asker, now)))
    return Recommendations(
        tuple(recommendation(one, asker, now) for one in best),
        {UUID(row["id"]): row["offset"] for row in lists},
    )


def _candidate(row: dict[str, Any]) -> Candidate:
    return Candidate(
        todo_id=UUID(row["todo"]),
        list_id=UUID(row["list"]),
        due=row["due"],
        priority=row["priority"],
        created=row["created"],
        mine=row["mine"],
        pull=Pull(
            count=row["count"],
            due=row["pull_due"],
            priority=row["pull_priority"] or 0,
            people=tuple(row["people"] or ()),
        ),
    )
