"""Hold what the graph answers. Every answer says which offsets of which lists it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "Companion",
    "Dependency",
    "Impact",
    "LabelHint",
    "ListDependencies",
    "ListHints",
    "PeopleHints",
    "PersonHint",
    "Reason",
    "Recommendation",
    "Recommendations",
    "Waiting",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """Say why: a stable word, the points it is worth, and the facts behind it.

    ``facts`` are JSON values; usernames and todo ids among them are of lists that the asker is a
    member of.
    """

    kind: str
    points: int
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Name a todo that can be done now; ``score`` is the sum of the reasons' points."""

    todo_id: UUID
    list_id: UUID
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Recommendations:
    """List what to do next, best first; ``offsets`` are those of all lists that were looked at."""

    items: tuple[Recommendation, ...]
    offsets: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Name an open todo that waits for another one, ``steps`` dependencies away (1: directly)."""

    todo_id: UUID
    steps: int


@dataclass(frozen=True, slots=True)
class Impact:
    """List what waits for one todo, nearest first, then by id.

    ``list_id`` None: the graph has no such todo.
    """

    list_id: UUID | None
    offset: int
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Dependency:
    """Hold one live todo of a list for drawing and for the critical path.

    ``waits_for`` are the live todos it is blocked by, in order of their ids, completed ones too.
    """

    todo_id: UUID
    title: str
    completed: bool
    estimate_min: int | None
    waits_for: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ListDependencies:
    """List the live todos of a list that have to do with a dependency, in order of their ids.

    ``alone`` counts the live todos that have none.
    """

    offset: int
    todos: tuple[Dependency, ...]
    alone: int


@dataclass(frozen=True, slots=True)
class PersonHint:
    """Name a person worth inviting or assigning, with the reasons; see store.graph.people."""

    username: str
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class PeopleHints:
    """List whom to invite to a list and whom to assign there, best first."""

    invite: tuple[PersonHint, ...]
    assign: tuple[PersonHint, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class LabelHint:
    """Name a label that todos with such a title carry; ``count`` of them."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Companion:
    """Name a title that is often added to this list together with such a todo; ``count`` times."""

    title: str
    count: int


@dataclass(frozen=True, slots=True)
class ListHints:
    """List labels and companions for a title in a list, most frequent first."""

    labels: tuple[LabelHint, ...]
    together: tuple[Companion, ...]
    offset: int
