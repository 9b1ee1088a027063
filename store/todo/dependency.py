"""Follow what todos wait for."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

__all__ = ["shortest_way"]

Id = TypeVar("Id", bound=Hashable)


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
