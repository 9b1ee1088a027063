"""Choose what of many dependencies to draw: what can be done now, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.answers import Dependency

__all__ = ["Excerpt", "excerpt"]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Hold the todos chosen, in order of their ids, and who of them waits for whom of them.

    ``whole``: nothing was left out.
    """

    todos: tuple[Dependency, ...]
    edges: tuple[tuple[UUID, UUID], ...]
    whole: bool


def excerpt(todos: Sequence[Dependency], most: int, edges: int) -> Excerpt:
    """Choose at most ``most`` of the todos, and at most ``edges`` dependencies between those.

    ``todos`` are in order of their ids. First come open ones that wait for no open one, then step
    by step those that wait for them, then the completed; of equals the lower id. So whatever is
    left out lies further ahead than what is shown. Pure; looks at each dependency twice at most.
    """
    chosen = todos if len(todos) <= most else _nearest(todos, most)
    shown = {one.todo_id for one in chosen}
    tied = [(one.todo_id, other) for one in chosen for other in one.waits_for if other in shown]
    whole = len(chosen) == len(todos) and len(tied) <= edges
    return Excerpt(tuple(chosen), tuple(tied[:edges]), whole)


def _nearest(todos: Sequence[Dependency], most: int) -> list[Dependency]:
    by_id = {one.todo_id: one for one in todos}
    still_open = {one.todo_id for one in todos if not one.completed}
    waiting: dict[UUID, list[UUID]] = {}
    found: dict[UUID, None] = {}  # in the order of being found
    for one in todos:
        if one.completed:
            continue
        ready = True
        for other in one.waits_for:
            if other in still_open:
                ready = False
                waiting.setdefault(other, []).append(one.todo_id)
        if ready:
            found[one.todo_id] = None
    for here in (order := list(found)):
        if len(order) >= most:
            break
        for other in waiting.get(here, ()):
            if other not in found:
                found[other] = None
                order.append(other)
    order += (one.todo_id for one in todos if one.completed)
    return [by_id[one] for one in sorted(order[:most], key=lambda one: one.int)]
