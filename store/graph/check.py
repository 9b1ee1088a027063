"""Compare the graph with the database, list by list, and mend what differs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from store.graph.projection import Projection

if TYPE_CHECKING:
    from store.graph.graph import GraphWriter
    from store.graph.model import ListGraph
    from store.graph.projection import Source

__all__ = ["Checked", "Difference", "Digest", "check", "digest"]

_PAGE: Final = 500
_TRIES: Final = 5  # of comparing a list that is being written to


@dataclass(frozen=True, slots=True)
class Digest:
    """Sum a list up: how many members, todos and relations it has, and the SHA-256 of them all."""

    members: int
    todos: int
    relations: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Name a list whose graph is not what the database says; None: it has nothing of it."""

    list_id: UUID
    database: Digest
    graph: Digest | None


@dataclass(frozen=True, slots=True)
class Checked:
    """Say what a comparison found: lists compared, those that differ, those too busy to compare."""

    lists: int
    differences: tuple[Difference, ...]
    busy: tuple[UUID, ...]


def digest(whole: ListGraph) -> Digest:
    """Sum a list up; equal digests mean equal graphs. Pure."""
    relations = 0
    parts: list[Any] = [str(whole.id), whole.offset, whole.title, whole.deleted]
    parts.append(
        sorted((name, str(one.user_id), one.role.value) for name, one in whole.members.items())
    )
    for todo_id in sorted(whole.todos):
        todo = whole.todos[todo_id]
        sets = [
            sorted(todo.labels),
            sorted(todo.assignees),
            sorted(map(str, todo.blocked_by)),
            sorted(todo.terms),
        ]
        relations += sum(map(len, sets))
        parts.append(
            [
                str(todo.id),
                todo.title,
                todo.priority,
                todo.created,
                todo.created_by,
                todo.due,
                todo.estimate_min,
                todo.completed,
                todo.completed_by,
                todo.deleted,
                todo.offset,
                *sets,
            ]
        )
    digested = hashlib.sha256(orjson.dumps(parts)).hexdigest()
    return Digest(len(whole.members), len(whole.todos), relations, digested)


async def check(
    source: Source,
    graph: GraphWriter,
    told: Callable[[int], None],
    *,
    repair: bool,
) -> Checked:
    """Compare every list at the same offset in both; with ``repair`` mend those that differ.

    ``told`` takes how many lists are done. Writes go on meanwhile: a list that grows faster than it
    is compared is named as busy. Raises GraphUnavailable, Unavailable.
    """
    projection = Projection(source, graph, await graph.generation(source.epoch))
    count = 0
    differences: list[Difference] = []
    busy: list[UUID] = []
    after: UUID | None = None
    while page := await source.heads(after, _PAGE):
        after = page[-1][0]
        for list_id, _ in page:
            count += 1
            told(count)
            compared, different = await _compare(source, graph, projection, list_id)
            if not compared:
                busy.append(list_id)
            if different is None:
                continue
            differences.append(different)
            whole = await source.whole(list_id) if repair else None
            if whole is not None:
                await graph.replace(projection.generation, whole)
    return Checked(count, tuple(differences), tuple(busy))


async def _compare(
    source: Source, graph: GraphWriter, projection: Projection, list_id: UUID
) -> tuple[bool, Difference | None]:
    for _ in range(_TRIES):
        whole = await source.whole(list_id)
        if whole is None:
            return True, None
        held = await graph.read_list(projection.generation, list_id)
        if held is not None and held.offset > whole.offset:
            continue  # written to in between: both are read again
        if held is None or held.offset < whole.offset:
            # Merely behind is not wrong: bring it forward, then compare.
            advance = await projection.advance({list_id: None})
            if advance.entries:
                continue
        expected, found = digest(whole), None if held is None else digest(held)
        return True, None if expected == found else Difference(list_id, expected, found)
    return False, None
