"""Follow what todos wait for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["shortest_way"]


def shortest_way(
    waits_for: Mapping[UUID, Iterable[UUID]], start: UUID, goal: UUID
) -> tuple[UUID, ...]:
    """Give a shortest way from ``start`` to ``goal``, both included; empty when there is none.

    A todo is no way to itself unless a circle leads back to it.
    """
    came_from: dict[UUID, UUID] = {}
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
