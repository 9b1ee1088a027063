"""Keep the graph in the process: for one process, or for as long as there is no Neo4j."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from store.graph.answers import (
    Dependency,
    Impact,
    ListDependencies,
    ListHints,
    PeopleHints,
    Recommendations,
    Waiting,
)
from store.graph.apply import apply
from store.graph.hints import BASES, TOGETHER_MS, WITH_A_BASE, Neighbour, companions, label_hints
from store.graph.people import Meeting, Work, assignments, invitations
from store.graph.pulls import NOTHING, Pull, open_todo, people_of, pulls
from store.graph.ranking import Candidate, order_of, recommendation, score_of
from store.graph.terms import terms_of, title_key
from store.todo.model import Role

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.model import Delta, ListGraph, TodoNode

__all__ = ["MemoryGraph"]

# Todos that are looked at before the loop gets a turn: some 5 ms.
_SLICE: Final = 2_000


class _Held:
    """Hold one list, and what is computed of it when it is first asked for."""

    def __init__(self, whole: ListGraph) -> None:
        self.whole = whole

    @cached_property
    def pulls(self) -> Mapping[UUID, Pull]:
        """Give what pulls at each open todo."""
        return pulls(open_todo(todo) for todo in self.whole.todos.values() if todo.open)

    @cached_property
    def waiting(self) -> Mapping[UUID, Sequence[UUID]]:
        """Give, for each live todo, the live ones that wait for it directly."""
        found: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for todo in self.live():
            for other in todo.blocked_by:
                found[other].append(todo.id)
        return found

    def live(self) -> Iterator[TodoNode]:
        """Go through what is not in the trash."""
        return (todo for todo in self.whole.todos.values() if not todo.deleted)


@dataclass(slots=True)
class _Generation:
    epoch: str
    lists: dict[UUID, _Held] = field(default_factory=dict)
    by_member: defaultdict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    home: dict[UUID, UUID] = field(default_factory=dict)  # the list of each todo

    def put(self, whole: ListGraph) -> None:
        before = self.lists.get(whole.id)
        if before is not None:
            for name in before.whole.members:
                if name not in whole.members:
                    self.by_member[name].discard(whole.id)
            for todo_id in before.whole.todos:
                if todo_id not in whole.todos:
                    self.home.pop(todo_id, None)
        for name in whole.members:
            self.by_member[name].add(whole.id)
        for todo_id in whole.todos:
            self.home[todo_id] = whole.id
        self.lists[whole.id] = _Held(whole)

    def of(self, asker: str) -> list[_Held]:
        """Give the lists that the asker is a member of, in order of their ids."""
        return [self.lists[one] for one in sorted(self.by_member.get(asker, ()))]

    def opened(self, asker: str, list_id: UUID) -> _Held | None:
        """Give one of them."""
        held = self.lists.get(list_id)
        return None if held is None or asker not in held.whole.members else held


class MemoryGraph:
    """Be a graph in the memory of this process; gone with it, and made from the logs again.

    A todo takes about a kilobyte. Never away, so it raises nothing.
    """

    def __init__(self) -> None:
        self._generations: dict[int, _Generation] = {}
        self._active = 0

    # --- what the logs say ------------------------------------------------------------------------

    async def start(self) -> None:
        """Be ready."""

    async def generation(self, epoch: str) -> int:
        """Give the active generation; a new one if it belongs to another epoch."""
        active = self._generations.get(self._active)
        if active is None or active.epoch != epoch:
            self._active = await self.begin(epoch)
        return self._active

    async def begin(self, epoch: str) -> int:
        """Make a new generation."""
        number = max(self._generations, default=0) + 1
        self._generations[number] = _Generation(epoch)
        return number

    async def switch(self, generation: int) -> None:
        """Make it the active one."""
        self._active = generation

    async def drop(self, generation: int) -> None:
        """Forget it."""
        if generation != self._active:
            self._generations.pop(generation, None)

    async def others(self, generation: int) -> tuple[int, ...]:
        """Give all others."""
        return tuple(sorted(self._generations.keys() - {generation}))

    async def watermarks(self, generation: int, lists: Collection[UUID]) -> dict[UUID, int]:
        """Give how far lists are in."""
        held = self._generations[generation].lists
        return {one: held[one].whole.offset for one in lists if one in held}

    async def apply(self, generation: int, deltas: Sequence[Delta]) -> Mapping[UUID, int]:
        """Take in runs that begin where their lists stand; nothing comes between."""
        into = self._generations[generation]
        after = {}
        for delta in deltas:
            held = into.lists.get(delta.list_id)
            before = None if held is None else held.whole
            offset = 0 if before is None else before.offset
            if offset == delta.since:
                into.put(apply(before, delta))
                offset = delta.offset
            after[delta.list_id] = offset
        return after

    async def replace(self, generation: int, whole: ListGraph) -> None:
        """Take in a list as a whole."""
        self._generations[generation].put(whole)

    async def read_list(self, generation: int, list_id: UUID) -> ListGraph | None:
        """Give a list back."""
        held = self._generations[generation].lists.get(list_id)
        return None if held is None else held.whole

    async def aclose(self) -> None:
        """Let go of everything."""
        self._generations.clear()

    # --- questions --------------------------------------------------------------------------------

    @property
    def _now(self) -> _Generation:
        return self._generations.get(self._active) or _Generation("")

    async def offset(self, list_id: UUID) -> int:
        """Give the list's watermark."""
        held = self._now.lists.get(list_id)
        return 0 if held is None else held.whole.offset

    async def recommend(self, asker: str, now: int, limit: int) -> Recommendations:
        """Rank the todos of all lists; the loop gets its turn in between."""
        lists = self._now.of(asker)
        best: list[tuple[tuple[int, bool, int, int, str], Candidate]] = []
        looked = 0
        for held in lists:
            if held.whole.members[asker].role is Role.VIEWER:
                continue
            candidates = list(_candidates(held, asker))
            looked += len(held.whole.todos)
            ranked = ((order_of(one, score_of(one, asker, now)), one) for one in candidates)
            best = heapq.nsmallest(limit, [*best, *ranked])
            if looked >= _SLICE:
                looked = 0
                await asyncio.sleep(0)
        return Recommendations(
            tuple(recommendation(one, asker, now) for _, one in best),
            {held.whole.id: held.whole.offset for held in lists},
        )

    async def impact(self, asker: str, todo_id: UUID) -> Impact:
        """Walk from the todo to what waits for it, nearest first, through open ones."""
        home = self._now.home.get(todo_id)
        held = None if home is None else self._now.opened(asker, home)
        if held is None or not held.whole.todos[todo_id].open:
            return Impact(None if held is None else held.whole.id, _offset(held), ())
        steps = {todo_id: 0}
        queue = [todo_id]
        for here in queue:
            for other in held.waiting.get(here, ()):
                if other not in steps and held.whole.todos[other].open:
                    steps[other] = steps[here] + 1
                    queue.append(other)
        del steps[todo_id]
        return Impact(
            held.whole.id,
            held.whole.offset,
            tuple(
                _waiting(held.whole.todos[one], count)
                for one, count in sorted(steps.items(), key=lambda pair: (pair[1], pair[0]))
            ),
        )

    async def dependencies(self, asker: str, list_id: UUID) -> ListDependencies | None:
        """Read the live todos with a dependency among them."""
        held = self._now.opened(asker, list_id)
        if held is None:
            return None
        live = {todo.id: todo for todo in held.live()}
        tied = {
            one
            for todo in live.values()
            for other in todo.blocked_by
            if other in live
            for one in (todo.id, other)
        }
        return ListDependencies(
            held.whole.offset,
            tuple(_dependency(live[one], live) for one in sorted(tied)),
            len(live) - len(tied),
        )

    async def people(self, asker: str, list_id: UUID, limit: int) -> PeopleHints | None:
        """Count whom the asker meets, and what the members did."""
        held = self._now.opened(asker, list_id)
        if held is None:
            return None
        met: Counter[str] = Counter()
        colleagues: defaultdict[str, set[str]] = defaultdict(set)
        here = held.whole.members
        for other in self._now.of(asker):
            if other.whole.id == list_id:
                continue
            insiders = {name for name in other.whole.members if name in here and name != asker}
            for name in other.whole.members:
                if name not in here:
                    met[name] += 1
                    colleagues[name] |= insiders
        meetings = {name: Meeting(count, len(colleagues[name])) for name, count in met.items()}
        return PeopleHints(
            invitations(meetings, limit), assignments(_work(held), limit), held.whole.offset
        )

    async def hints(self, asker: str, list_id: UUID, title: str, limit: int) -> ListHints | None:
        """Count labels over the asker's lists, and neighbours in this one."""
        held = self._now.opened(asker, list_id)
        if held is None:
            return None
        terms = terms_of(title)
        counts: dict[str, tuple[int, int]] = {}
        for other in self._now.of(asker):
            for todo in other.live():
                if todo.labels and not terms.isdisjoint(todo.terms):
                    for label in todo.labels:
                        own, far = counts.get(label, (0, 0))
                        ours = other is held
                        counts[label] = (own + ours, far + (not ours))
            await asyncio.sleep(0)
        still_open = (title_key(todo.title) for todo in held.live() if todo.completed is None)
        return ListHints(
            label_hints(counts, limit),
            companions(_neighbours(held, terms), still_open, limit),
            held.whole.offset,
        )


def _offset(held: _Held | None) -> int:
    return 0 if held is None else held.whole.offset


def _candidates(held: _Held, asker: str) -> Iterator[Candidate]:
    pulled = held.pulls
    for todo in held.whole.todos.values():
        if not todo.open or (todo.assignees and asker not in todo.assignees):
            continue
        pull = pulled.get(todo.id, NOTHING)
        if pull.blockers == 0:
            mine = asker in todo.assignees
            yield Candidate(
                todo.id, held.whole.id, todo.due, todo.priority, todo.created, mine, pull
            )


def _waiting(todo: TodoNode, steps: int) -> Waiting:
    people = tuple(sorted(people_of(todo.assignees, todo.created_by)))
    return Waiting(todo.id, todo.title, steps, people)


def _dependency(todo: TodoNode, live: Mapping[UUID, TodoNode]) -> Dependency:
    waits_for = tuple(sorted(other for other in todo.blocked_by if other in live))
    return Dependency(todo.id, todo.title, todo.completed is not None, todo.estimate_min, waits_for)


def _work(held: _Held) -> dict[str, Work]:
    wanted_terms: set[str] = set()
    wanted_labels: set[str] = set()
    for todo in held.live():
        if todo.open and not todo.assignees and not held.pulls.get(todo.id, NOTHING).blockers:
            wanted_terms |= todo.terms
            wanted_labels |= todo.labels
    similar: Counter[str] = Counter()
    other: Counter[str] = Counter()
    busy: Counter[str] = Counter()
    for todo in held.live():
        if todo.open:
            busy.update(todo.assignees)
        elif todo.completed_by is not None:
            alike = not (
                wanted_terms.isdisjoint(todo.terms) and wanted_labels.isdisjoint(todo.labels)
            )
            (similar if alike else other)[todo.completed_by] += 1
    return {
        name: Work(similar[name], other[name], busy[name])
        for name, membership in held.whole.members.items()
        if membership.role is not Role.VIEWER
    }


def _neighbours(held: _Held, terms: frozenset[str]) -> Iterator[Neighbour]:
    bases = heapq.nsmallest(
        BASES,
        (todo for todo in held.live() if not terms.isdisjoint(todo.terms)),
        key=lambda todo: (-todo.created, todo.id),
    )
    others = sorted(
        (todo for todo in held.live() if terms.isdisjoint(todo.terms)),
        key=lambda todo: (todo.created, todo.id),
    )
    for base in bases:
        near = (one for one in others if abs(one.created - base.created) <= TOGETHER_MS)
        for one, _ in zip(near, range(WITH_A_BASE), strict=False):
            yield Neighbour(base.id, title_key(one.title), one.title, one.created)
