"""Find the chain of open todos that takes longest: nothing that waits is done sooner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.answers import Dependency

__all__ = ["ASSUMED_MIN", "CriticalPath", "Step", "critical_path"]

ASSUMED_MIN: Final = 30
"""How long a todo without an estimate is taken to last, in minutes."""


@dataclass(frozen=True, slots=True)
class Step:
    """Hold one todo of the path, and after how many minutes it can begin."""

    todo: Dependency
    starts_min: int


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """Hold the path, first what must be done first; ``assumed`` of its todos have no estimate."""

    minutes: int
    steps: tuple[Step, ...]
    assumed: int


def critical_path(todos: Iterable[Dependency]) -> CriticalPath:
    """Find it among the open ones of ``todos``, in topological order; each is looked at once.

    Of several that take equally long the one with more steps counts, then the one whose last
    todo has the lower id. Pure; todos in a circle, which cannot be, are left out.
    """
    still_open = {one.todo_id: one for one in todos if not one.completed}
    waits_for = {
        one: [other for other in todo.waits_for if other in still_open]
        for one, todo in still_open.items()
    }
    left = {one: len(others) for one, others in waits_for.items()}
    waiting: dict[UUID, list[UUID]] = {}
    for one, others in waits_for.items():
        for other in others:
            waiting.setdefault(other, []).append(one)
    ends: dict[UUID, tuple[int, int]] = {}  # when it is done, after how many steps
    before: dict[UUID, UUID] = {}
    ready = [one for one, count in left.items() if not count]
    while ready:
        todo_id = ready.pop()
        latest = max(waits_for[todo_id], key=lambda other: (*ends[other], -other.int), default=None)
        minutes, steps = (0, 0) if latest is None else ends[latest]
        if latest is not None:
            before[todo_id] = latest
        ends[todo_id] = (minutes + _minutes(still_open[todo_id]), steps + 1)
        for other in waiting.get(todo_id, ()):
            left[other] -= 1
            if not left[other]:
                ready.append(other)
    if not ends:
        return CriticalPath(0, (), 0)
    last: UUID | None = max(ends, key=lambda one: (*ends[one], -one.int))
    path: list[Step] = []
    total = ends[last][0] if last is not None else 0
    while last is not None:
        todo = still_open[last]
        path.append(Step(todo, ends[last][0] - _minutes(todo)))
        last = before.get(last)
    assumed = sum(step.todo.estimate_min is None for step in path)
    return CriticalPath(total, tuple(reversed(path)), assumed)


def _minutes(todo: Dependency) -> int:
    return ASSUMED_MIN if todo.estimate_min is None else todo.estimate_min
