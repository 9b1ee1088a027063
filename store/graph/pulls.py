"""Compute what pulls at an open todo: those that wait for it, how urgent they are, and for whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.model import TodoNode

__all__ = ["MOST_PEOPLE", "NOTHING", "OpenTodo", "Pull", "open_todo", "people_of", "pulls"]

MOST_PEOPLE: Final = 20
"""How many names of people who wait are kept; the first ones by name."""


@dataclass(frozen=True, slots=True)
class OpenTodo:
    """Hold what a pull is computed from: an open todo, and whom it matters to.

    ``people`` are its assignees, or else who created it. ``waits_for`` may name todos that are not
    open: they hold nothing up.
    """

    id: UUID
    due: int | None
    priority: int
    people: Collection[str]
    waits_for: Collection[UUID]


@dataclass(frozen=True, slots=True)
class Pull:
    """Say what a todo waits for, and what waits for it, directly or through other open ones.

    ``blockers`` counts the open todos that it waits for directly (0: it can be done now). The rest
    is of all open todos that wait for it: the earliest due date (None: none has one), the highest
    rank of priority, their number, and the people they matter to, in order, at most MOST_PEOPLE.
    """

    blockers: int = 0
    due: int | None = None
    priority: int = 0
    count: int = 0
    people: tuple[str, ...] = ()


NOTHING: Final = Pull()
"""What a todo has that waits for none and that none waits for; the same object for all."""


def people_of(assignees: Collection[str], created_by: str) -> Collection[str]:
    """Name the people to whom a todo matters: its assignees, or else who created it."""
    return assignees or (created_by,)


def open_todo(todo: TodoNode) -> OpenTodo:
    """Take from a todo what a pull is computed from; it must be open."""
    people = people_of(todo.assignees, todo.created_by)
    return OpenTodo(todo.id, todo.due, todo.priority, people, todo.blocked_by)


def pulls(todos: Iterable[OpenTodo]) -> dict[UUID, Pull]:
    """Compute the pull at each of a list's open todos. Pure.

    Takes one step for each dependency, over sets that are the bits of one number: 10,000 todos with
    100,000 dependencies cost 0.4 s, without any 1 ms. Todos in a circle, which the
    database refuses, are looked at as if nothing pulled at them.
    """
    by_id = {todo.id: todo for todo in todos}
    waits_for = {
        one: [other for other in todo.waits_for if other in by_id]
        for one, todo in by_id.items()
        if todo.waits_for
    }
    waits_for = {one: others for one, others in waits_for.items() if others}
    found = dict.fromkeys(by_id, NOTHING)
    if waits_for:
        found |= _Walk(by_id, waits_for).pulls()
    return found


class _Walk:
    """Go from the todos that nothing waits for to those they wait for.

    ``_waiting`` and ``_concerned`` hold, per todo, the set of todos that wait for it and the set of
    people they matter to, as numbers whose bits count into the waiting todos and the names.
    """

    def __init__(
        self, todos: Mapping[UUID, OpenTodo], waits_for: Mapping[UUID, Collection[UUID]]
    ) -> None:
        self._todos = todos
        self._waits_for = waits_for
        self._bit = {one: 1 << number for number, one in enumerate(waits_for)}
        self._names = sorted({name for one in waits_for for name in todos[one].people})
        name_bit = {name: 1 << number for number, name in enumerate(self._names)}
        self._people = {
            one: sum(name_bit[name] for name in set(todos[one].people)) for one in waits_for
        }
        self._waiting: dict[UUID, int] = {}
        self._concerned: dict[UUID, int] = {}
        self._due: dict[UUID, int | None] = {}
        self._priority: dict[UUID, int] = {}

    def pulls(self) -> dict[UUID, Pull]:
        """Give the pulls of all that have to do with a dependency."""
        left: dict[UUID, int] = {}
        for others in self._waits_for.values():
            for other in others:
                left[other] = left.get(other, 0) + 1
        found = {one: Pull(blockers=len(others)) for one, others in self._waits_for.items()}
        ready = deque(one for one in self._waits_for if one not in left)
        while ready:
            here = ready.popleft()
            if here in self._waiting:
                found[here] = self._pull(here)
            for other in self._waits_for.get(here, ()):
                self._hand_on(here, other)
                left[other] -= 1
                if left[other] == 0:
                    ready.append(other)
            # Its sets are handed on to all it waits for: this keeps memory to the frontier.
            self._waiting.pop(here, None)
            self._concerned.pop(here, None)
        return found

    def _hand_on(self, here: UUID, other: UUID) -> None:
        todo = self._todos[here]
        waiting = self._waiting.get(here, 0) | self._bit[here]
        self._waiting[other] = self._waiting.get(other, 0) | waiting
        concerned = self._concerned.get(here, 0) | self._people[here]
        self._concerned[other] = self._concerned.get(other, 0) | concerned
        for due in (todo.due, self._due.get(here)):
            held = self._due.get(other)
            if due is not None and (held is None or due < held):
                self._due[other] = due
        priority = max(todo.priority, self._priority.get(here, 0))
        self._priority[other] = max(priority, self._priority.get(other, 0))

    def _pull(self, here: UUID) -> Pull:
        return Pull(
            blockers=len(self._waits_for.get(here, ())),
            count=self._waiting[here].bit_count(),
            due=self._due.get(here),
            priority=self._priority.get(here, 0),
            people=self._first_names(self._concerned[here]),
        )

    def _first_names(self, concerned: int) -> tuple[str, ...]:
        names: list[str] = []
        while concerned and len(names) < MOST_PEOPLE:
            lowest = concerned & -concerned
            names.append(self._names[lowest.bit_length() - 1])
            concerned ^= lowest
        return tuple(names)
