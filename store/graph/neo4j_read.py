"""Read lists, watermarks and generations back from Neo4j."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from store.graph.model import ListGraph, Membership, TodoNode
from store.graph.neo4j_schema import key
from store.graph.neo4j_session import rows
from store.todo.model import Role

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

__all__ = ["WATERMARKS", "read_list"]

WATERMARKS: Final = """
UNWIND $rows AS row
MATCH (l:List {key: row})
RETURN l.id AS id, l.offset AS offset
"""
_LIST: Final = """
MATCH (l:List {key: $key})
RETURN l.offset AS offset, l.title AS title, l.deleted AS deleted
"""
_MEMBERS: Final = """
MATCH (u:User)-[m:MEMBER]->(:List {key: $key})
RETURN u.name AS name, m.user AS user, m.role AS role
"""
_TODOS: Final = """
MATCH (:List {key: $key})-[:CONTAINS]->(t:Todo)
RETURN t.id AS id, t.title AS title, t.priority AS priority, t.created AS created,
  t.created_by AS created_by, t.due AS due, t.estimate_min AS estimate_min,
  t.completed AS completed, t.completed_by AS completed_by, t.deleted AS deleted,
  t.offset AS offset,
  [(t)-[:NAMED]->(x:Term) | x.name] AS terms,
  [(t)-[:HAS]->(x:Label) | x.name] AS labels,
  [(t)<-[:ASSIGNED]-(u:User) | u.name] AS assignees,
  [(t)-[:BLOCKED_BY]->(o:Todo) | o.id] AS blocked_by
"""


async def read_list(
    transaction: AsyncManagedTransaction, generation: int, list_id: UUID
) -> ListGraph | None:
    """Read all there is of a list; None: nothing.

    A writer in between shows in the offset, which is read before and after: then it is read again.
    """
    here = {"key": key(generation, list_id)}
    found = await rows(transaction, _LIST, here)
    while found:
        before = found[0]
        members = await rows(transaction, _MEMBERS, here)
        todos = [_todo(row) for row in await rows(transaction, _TODOS, here)]
        found = await rows(transaction, _LIST, here)
        if found and found[0] == before:
            return ListGraph(
                id=list_id,
                offset=before["offset"],
                title=before["title"],
                deleted=before["deleted"],
                members={
                    row["name"]: Membership(UUID(row["user"]), Role(row["role"])) for row in members
                },
                todos={todo.id: todo for todo in todos},
            )
    return None


def _todo(row: dict[str, Any]) -> TodoNode:
    return TodoNode(
        **row
        | {
            "id": UUID(row["id"]),
            "terms": frozenset(row["terms"]),
            "labels": frozenset(row["labels"]),
            "assignees": frozenset(row["assignees"]),
            "blocked_by": frozenset(map(UUID, row["blocked_by"])),
        }
    )
