"""Make ready in Neo4j what must be there once: constraints, indexes, and every word we use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

if TYPE_CHECKING:
    from uuid import UUID

    from neo4j import AsyncManagedTransaction

__all__ = ["SCHEMA", "WORDS", "key", "make_words"]

SCHEMA: Final[tuple[LiteralString, ...]] = (
    "CREATE CONSTRAINT lockstep_user IF NOT EXISTS FOR (u:User) REQUIRE u.key IS UNIQUE",
    "CREATE CONSTRAINT lockstep_list IF NOT EXISTS FOR (l:List) REQUIRE l.key IS UNIQUE",
    "CREATE CONSTRAINT lockstep_todo IF NOT EXISTS FOR (t:Todo) REQUIRE t.key IS UNIQUE",
    "CREATE CONSTRAINT lockstep_label IF NOT EXISTS FOR (x:Label) REQUIRE x.key IS UNIQUE",
    "CREATE CONSTRAINT lockstep_term IF NOT EXISTS FOR (x:Term) REQUIRE x.key IS UNIQUE",
    "CREATE CONSTRAINT lockstep_graph IF NOT EXISTS FOR (p:Projection) REQUIRE p.key IS UNIQUE",
    "CREATE CONSTRAINT lockstep_number IF NOT EXISTS FOR (g:Generation) REQUIRE g.number IS UNIQUE",
    # A todo by its id alone, in whatever list of the asker's it is.
    "CREATE INDEX lockstep_todo_id IF NOT EXISTS FOR (t:Todo) ON (t.id)",
    # All dependencies of one list, without a walk over its todos.
    "CREATE INDEX lockstep_blocked_by IF NOT EXISTS FOR ()-[b:BLOCKED_BY]-() ON (b.list)",
)
"""Statements of their own transactions; each may be repeated."""

WORDS: Final[dict[LiteralString, tuple[str, ...]]] = {
    "UNWIND $words AS word CALL db.createLabel(word) FINISH": (
        "User", "List", "Todo", "Label", "Term", "Projection", "Generation",
    ),
    "UNWIND $words AS word CALL db.createRelationshipType(word) FINISH": (
        "MEMBER", "OWNS", "CONTAINS", "READY", "CREATED", "ASSIGNED", "COMPLETED", "BLOCKED_BY",
        "HAS", "NAMED",
    ),
    "UNWIND $words AS word CALL db.createProperty(word) FINISH": (
        "key", "id", "name", "number", "epoch", "generation", "title", "offset", "deleted",
        "locked", "dropped", "role", "user", "priority", "created", "created_by", "due",
        "estimate_min", "completed", "completed_by", "at", "list", "blockers", "pull_count",
        "pull_due", "pull_priority", "pull_people", "base", "urgent", "who", "people",
        "builder", "alive",
    ),
}  # fmt: skip
"""What makes the labels, types and names of properties that our statements speak of.

A server that has never seen one of them answers with a warning that it may be misspelled.
"""


async def make_words(transaction: AsyncManagedTransaction) -> None:
    """Make every word."""
    for text, words in WORDS.items():
        await (await transaction.run(text, {"words": words})).consume()


def key(generation: int, *parts: UUID | str) -> str:
    """Give the key of a node: its generation, then what names it, in that generation only.

    Todos, labels and terms begin with their list's key: what lists do not share cannot lead from
    one to another, and their writers are not in each other's way.
    """
    return ":".join((str(generation), *(str(part) for part in parts)))
