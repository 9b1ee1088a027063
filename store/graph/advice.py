"""Hold what the graph's answers come to after the database was asked, as of now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from store.graph.answers import Reason
    from store.todo.model import Todo

__all__ = ["Advice", "Advised", "ImpactNow", "Recommended", "WaitingTodo"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Advised(Generic[T]):
    """Wrap an answer; ``stale``: it is what an absent graph said last, or the graph is behind."""

    value: T
    stale: bool


@dataclass(frozen=True, slots=True)
class Recommended:
    """Hold one recommended todo as it is now."""

    todo: Todo
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """Hold what to do next; ``offsets`` are those of the lists that the graph looked at.

    0: the list is the asker's, and not in the graph yet.
    """

    items: tuple[Recommended, ...]
    offsets: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class WaitingTodo:
    """Hold an open todo, as it is now, that waits ``steps`` dependencies away."""

    todo: Todo
    steps: int


@dataclass(frozen=True, slots=True)
class ImpactNow:
    """Hold the nearest of what waits for a todo of ``list_id``, and ``total``, how many wait.

    Where not all are in ``waiting``, ``total`` is what the graph counted as of ``offset``.
    """

    list_id: UUID
    offset: int
    waiting: tuple[WaitingTodo, ...]
    total: int
