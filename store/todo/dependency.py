"""Follow what todos wait for."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

__all__ = ["Dependencies", "shortest_way"]

Id = TypeVar("Id", bound=Hashable)


class Dependencies(Generic[Id]):
    """Hold what waits for what, both ways round, so that most questions end after a few steps.

    What joins a long chain at its end takes one step instead of one a todo. ``looked_at`` counts
    the todos that all questions so far have led past.
    """

    __slots__ = ("_waited_for", "_waits_for", "looked_at")

    def __init__(self, waits_for: Iterable[tuple[Id, Iterable[Id]]]) -> None:
        self.looked_at = 0
        self._waits_for: dict[Id, tuple[Id, ...]] = {}
        self._waited_for: dict[Id, set[Id]] = {}
        for one, others in waits_for:
            self.put(one, others)

    def put(self, one: Id, others: Iterable[Id]) -> None:
        """Let ``one`` wait for exactly these from now on."""
        for other in self._waits_for.pop(one, ()):
            self._waited_for[other].discard(one)
            if not self._waited_for[other]:
                del self._waited_for[other]
        others = tuple(others)
        if others:
            self._waits_for[one] = others
        for other in others:
            self._waited_for.setdefault(other, set()).add(one)

    def way(self, start: Id, goal: Id) -> tuple[Id, ...]:
        """Give a shortest way from ``start`` to ``goal``, both included; empty: there is none.

        It looks from both ends at once: where either has nowhere to go, there is no way. A todo is
        no way to itself unless a circle leads back to it.
        """
        if start == goal:
            return shortest_way(self._waits_for, start, goal)
        came_from: dict[Id, Id | None] = {start: None}
        leads_to: dict[Id, Id | None] = {goal: None}
        ahead, behind = [start], [goal]
        met: tuple[Id, Id] | None = None
        while ahead and behind and met is None:
            # Where the ends meet first is a shortest way, for each step is taken from all of an
            # edge: a todo nearer to the other end would have been met a step earlier.
            if len(came_from) <= len(leads_to):
                ahead, met = _step(self._waits_for, ahead, came_from, leads_to)
            else:
                behind, met = _step(self._waited_for, behind, leads_to, came_from)
                met = None if met is None else (met[1], met[0])
        self.looked_at += len(came_from) + len(leads_to)
        if met is None:
            return ()
        return (*reversed(_trace(came_from, met[0])), *_trace(leads_to, met[1]))


def _step(
    edges: Mapping[Id, Iterable[Id]],
    edge: list[Id],
    seen: dict[Id, Id | None],
    sought: Mapping[Id, Id | None],
) -> tuple[list[Id], tuple[Id, Id] | None]:
    """Go one step on from all of ``edge``; give the new edge, or the step that met ``sought``."""
    reached: list[Id] = []
    for here in edge:
        for other in edges.get(here, ()):
            if other in sought:
                return [], (here, other)
            if other not in seen:
                seen[other] = here
                reached.append(other)
    return reached, None


def _trace(steps: Mapping[Id, Id | None], begin: Id) -> list[Id]:
    """Follow steps to the one that leads nowhere."""
    trace = []
    here: Id | None = begin
    while here is not None:
        trace.append(here)
        here = steps[here]
    return trace


def shortest_way(waits_for: Mapping[Id, Iterable[Id]], start: Id, goal: Id) -> tuple[Id, ...]:
    """Give a shortest way from ``start`` to ``goal``, both included; empty when there is none.

    A todo is no way to itself unless a circle leads back to it.
    """
    came_from: dict[Id, Id] = {}
    waiting = deque([start])
    while waiting and goal not in came_from:
        here = waiting.popleft()
        for other in waits_for.get(here, ()):
            if other not in came_from:
                came_from[other] = here
                waiting.append(other)
    if goal not in came_from:
        return ()
    way = [goal]
    while way[-1] != start or len(way) == 1:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))
