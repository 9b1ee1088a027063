"""Find how far away the todos are that wait for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["steps_to"]


def steps_to(goal: UUID, waits_for: Mapping[UUID, Iterable[UUID]]) -> list[tuple[UUID, int]]:
    """Give the todos that wait for ``goal``, each with the fewest dependencies in between.

    ``waits_for`` holds the open todos of a list (and only those lead on). Nearest first (1 step:
    directly), then in order of their ids. Pure; looks at each dependency once.
    """
    waiting: dict[UUID, list[UUID]] = {}
    for one, others in waits_for.items():
        for other in others:
            waiting.setdefault(other, []).append(one)
    steps = {goal: 0}
    found = [goal]
    for here in found:
        for other in waiting.get(here, ()):
            if other not in steps:
                steps[other] = steps[here] + 1
                found.append(other)
    return sorted(((one, steps[one]) for one in found[1:]), key=lambda one: (one[1], one[0]))
