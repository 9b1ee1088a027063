"""Hold one list of the graph in the process, with what questions need of it."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from store.graph.answers import Dependency, Waiting
from store.graph.hints import BASES, TOGETHER_MS, WITH_A_BASE, Neighbour
from store.graph.impact import steps_to
from store.graph.people import Work
from store.graph.pulls import Pull, open_todo, pulls
from store.graph.ranking import Candidate
from store.graph.terms import title_key
from store.todo.model import Role

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.model import ListGraph, TodoNode

__all__ = ["MemoryList"]

P = ParamSpec("P")
T = TypeVar("T")

# From so many todos on answers are worked out beside the loop: ten thousand that each wait for
# dozens of others take half a second, and connections should not wait that long for their turn.
_LARGE: Final = 1_000
_NUMBER: Final = attrgetter("int")  # by which ids compare, five times as quickly


class MemoryList:
    """Hold a list as it is at one offset; a change makes another one of these.

    What can be done now is computed when it is first asked for, and kept: a todo in it takes about
    200 bytes.
    """

    __slots__ = ("_assigned", "_free", "whole")

    def __init__(self, whole: ListGraph) -> None:
        self.whole = whole
        self._free: Sequence[Candidate] | None = None
        self._assigned: Sequence[tuple[AbstractSet[str], Candidate]] = ()

    async def prepare(self) -> None:
        """Compute what can be done now, unless that is known."""
        if self._free is None:
            self._rank(await self.ask(_pulls, self.whole))

    async def ask(self, question: Callable[P, T], *about: P.args, **more: P.kwargs) -> T:
        """Work an answer out; of a large list beside the loop, for nothing here changes."""
        if len(self.whole.todos) < _LARGE:
            return question(*about, **more)
        return await asyncio.to_thread(question, *about, **more)

    def candidates(self, asker: str) -> Iterator[Candidate]:
        """Give what is nobody's or the asker's and waits for nothing; needs to be prepared."""
        yield from self._free or ()
        for assignees, candidate in self._assigned:
            if asker in assignees:
                yield candidate

    def _rank(self, found: Mapping[UUID, Pull]) -> None:
        free, assigned = [], []
        for todo_id, pull in found.items():
            if pull.blockers:
                continue
            todo = self.whole.todos[todo_id]
            about = (todo_id, self.whole.id, todo.due, todo.priority, todo.created)
            if todo.assignees:
                assigned.append((todo.assignees, Candidate(*about, mine=True, pull=pull)))
            else:
                free.append(Candidate(*about, mine=False, pull=pull))
        self._free, self._assigned = free, assigned

    def live(self) -> Iterator[TodoNode]:
        """Go through what is not in the trash."""
        return (todo for todo in self.whole.todos.values() if not todo.deleted)

    def waiting(self, todo_id: UUID) -> tuple[Waiting, ...]:
        """Walk from a todo to the open ones that wait for it, nearest first, then by their ids."""
        todos = self.whole.todos
        if not todos[todo_id].open:
            return ()
        waits_for = {
            todo.id: todo.blocked_by for todo in todos.values() if todo.blocked_by and todo.open
        }
        return tuple(Waiting(one, steps) for one, steps in steps_to(todo_id, waits_for))

    def dependencies(self) -> tuple[tuple[Dependency, ...], int]:
        """Give the live todos that have to do with a dependency, and how many have not."""
        live = {todo.id: todo for todo in self.live()}
        waits_for: dict[UUID, tuple[UUID, ...]] = {}
        for todo in live.values():
            if todo.blocked_by and (others := [one for one in todo.blocked_by if one in live]):
                waits_for[todo.id] = tuple(sorted(others, key=_NUMBER))
        tied = set(waits_for)
        for (
            held
        ) in waits_for.values():  # at once they may be a million: 40 ms in which none gets on
            tied.update(held)
        todos = tuple(
            _dependency(live[one], waits_for.get(one, ())) for one in sorted(tied, key=_NUMBER)
        )
        return todos, len(live) - len(tied)

    def work(self) -> dict[str, Work]:
        """Count what each member who may write did and has to do; see store.graph.people."""
        todos = self.whole.todos
        terms: set[str] = set()
        labels: set[str] = set()
        for todo in self.live():
            ready = todo.open and not any(todos[other].open for other in todo.blocked_by)
            if ready and not todo.assignees:
                terms |= todo.terms
                labels |= todo.labels
        similar: Counter[str] = Counter()
        other: Counter[str] = Counter()
        busy: Counter[str] = Counter()
        for todo in self.live():
            if todo.open:
                busy.update(todo.assignees)
            elif todo.completed_by is not None:
                alike = not (terms.isdisjoint(todo.terms) and labels.isdisjoint(todo.labels))
                (similar if alike else other)[todo.completed_by] += 1
        return {
            name: Work(similar[name], other[name], busy[name])
            for name, membership in self.whole.members.items()
            if membership.role is not Role.VIEWER
        }

    def labels(self, terms: AbstractSet[str]) -> Counter[str]:
        """Count the labels of live todos that share one of the terms."""
        counts: Counter[str] = Counter()
        for todo in self.live():
            if todo.labels and not todo.terms.isdisjoint(terms):
                counts.update(todo.labels)
        return counts

    def neighbours(self, terms: AbstractSet[str]) -> list[Neighbour]:
        """Find what was added together with the newest todos that share one of the terms."""
        live = list(self.live())
        alike = (todo for todo in live if not todo.terms.isdisjoint(terms))
        bases = heapq.nsmallest(BASES, alike, key=lambda todo: (-todo.created, todo.id))
        if not bases:
            return []
        first, last = bases[-1].created - TOGETHER_MS, bases[0].created + TOGETHER_MS
        others = [
            todo for todo in live if first <= todo.created <= last and todo.terms.isdisjoint(terms)
        ]
        others.sort(key=lambda todo: (todo.created, todo.id))
        found = []
        for base in bases:
            near = (todo for todo in others if abs(todo.created - base.created) <= TOGETHER_MS)
            for todo, _ in zip(near, range(WITH_A_BASE), strict=False):
                found.append(Neighbour(todo.id, title_key(todo.title), todo.title, todo.created))
        return found

    def open_keys(self) -> set[str]:
        """Give what the titles that are still to do are compared by."""
        return {title_key(todo.title) for todo in self.live() if todo.completed is None}


def _pulls(whole: ListGraph) -> dict[UUID, Pull]:
    return pulls(open_todo(todo) for todo in whole.todos.values() if todo.open)


def _dependency(todo: TodoNode, waits_for: tuple[UUID, ...]) -> Dependency:
    return Dependency(todo.id, todo.title, todo.completed is not None, todo.estimate_min, waits_for)
