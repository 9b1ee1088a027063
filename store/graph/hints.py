"""Suggest labels for a title, and what is often added together with it.

*Labels*: those of live todos in the asker's lists that share a term with the title. A todo of the
list itself weighs double; the count shown is of todos.

*Together*: titles of at least two live todos of this list that were created within an hour of one
of the twenty newest that share a term with the title, share none with it themselves, and are not
open now. Of titles that people take for the same, the newest spelling is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from store.graph.answers import Companion, LabelHint

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["BASES", "TOGETHER_MS", "WITH_A_BASE", "Neighbour", "companions", "label_hints"]

BASES: Final = 20
"""How many todos like the new one are looked at, the newest."""

TOGETHER_MS: Final = 3_600_000
"""How close to one another todos are added together, in milliseconds."""

WITH_A_BASE: Final = 100
"""How many neighbours of each are looked at: those with the lowest (created, id)."""

_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Hold a todo that was added together with one like the new one.

    It may be named several times, and counts once. ``key`` is store.graph.terms.title_key.
    """

    todo_id: UUID
    key: str
    title: str
    created: int


def label_hints(counts: Mapping[str, tuple[int, int]], limit: int) -> tuple[LabelHint, ...]:
    """Rank labels by how many todos of this list and of others carry them. Pure."""
    ranked = sorted(counts.items(), key=lambda one: (-2 * one[1][0] - one[1][1], one[0]))
    return tuple(LabelHint(label, here + there) for label, (here, there) in ranked[:limit])


def companions(
    neighbours: Iterable[Neighbour], open_keys: Iterable[str], limit: int
) -> tuple[Companion, ...]:
    """Rank titles by how many such todos have them, but for those that are open now. Pure."""
    todos: dict[str, set[UUID]] = {}
    titles: dict[str, tuple[int, str]] = {}
    for one in neighbours:
        todos.setdefault(one.key, set()).add(one.todo_id)
        titles[one.key] = max(titles.get(one.key, (0, "")), (one.created, one.title))
    taken = frozenset(open_keys)
    counted = [
        Companion(titles[key][1], len(found))
        for key, found in todos.items()
        if len(found) >= _LEAST and key not in taken
    ]
    counted.sort(key=lambda one: (-one.count, one.title))
    return tuple(counted[:limit])
