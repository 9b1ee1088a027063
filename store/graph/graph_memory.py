"""Keep the graph in the process: for one process, or for as long as there is no Neo4j."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from store.graph.answers import (
    Impact,
    ListDependencies,
    ListHints,
    PeopleHints,
    Recommendations,
)
from store.graph.apply import apply
from store.graph.graph import GenerationGone
from store.graph.hints import companions, label_hints
from store.graph.memory_list import MemoryList
from store.graph.people import Meeting, assignments, invitations
from store.graph.ranking import order_of, recommendation, score_of
from store.graph.terms import terms_of
from store.todo.model import Role

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.model import Delta, ListGraph
    from store.graph.ranking import Candidate

__all__ = ["MemoryGraph"]

# Todos that are looked at before the loop gets a turn: some 5 ms.
_SLICE: Final = 2_000


@dataclass(slots=True)
class _Generation:
    """Hold one graph; lists also by the names of their members."""

    epoch: str
    lists: dict[UUID, MemoryList] = field(default_factory=dict)
    by_member: dict[str, set[UUID]] = field(default_factory=dict)

    def put(self, whole: ListGraph) -> None:
        self.remove(whole.id)
        for name in whole.members:
            self.by_member.setdefault(name, set()).add(whole.id)
        self.lists[whole.id] = MemoryList(whole)

    def remove(self, list_id: UUID) -> None:
        before = self.lists.pop(list_id, None)
        if before is None:
            return
        for name in before.whole.members:
            self.by_member[name].discard(list_id)
            if not self.by_member[name]:
                del self.by_member[name]

    def of(self, asker: str) -> list[MemoryList]:
        """Give the lists that the asker is a member of, in order of their ids."""
        return [self.lists[one] for one in sorted(self.by_member.get(asker, ()))]

    def opened(self, asker: str, list_id: UUID) -> MemoryList | None:
        """Give one of them."""
        held = self.lists.get(list_id)
        return None if held is None or asker not in held.whole.members else held


class MemoryGraph:
    """Be a graph in the memory of this process; gone with it, and made from the logs again.

    A todo takes about a kilobyte. Never away, so it raises nothing but GenerationGone. What a
    question sees is one moment's graph, although the loop gets its turn while it is answered.
    """

    def __init__(self) -> None:
        self._generations: dict[int, _Generation] = {}
        self._active = 0
        self._begun = 0

    # --- what the logs say ------------------------------------------------------------------------

    async def start(self) -> None:
        """Be ready."""

    async def generation(self, epoch: str) -> int:
        """Give the active generation; a new one if it belongs to another epoch."""
        if await self.answering(epoch) is None:
            self._active = await self.begin(epoch)
        return self._active

    async def answering(self, epoch: str) -> int | None:
        """Give the active generation, if it is of this epoch."""
        active = self._generations.get(self._active)
        return None if active is None or active.epoch != epoch else self._active

    async def begin(self, epoch: str) -> int:
        """Make a new generation, with a number that none had before."""
        self._begun += 1
        self._generations[self._begun] = _Generation(epoch)
        return self._begun

    async def switch(self, generation: int) -> None:
        """Make it the active one."""
        if generation not in self._generations:
            raise GenerationGone(generation)
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
        held = self._of(generation).lists
        return {one: held[one].whole.offset for one in lists if one in held}

    async def apply(self, generation: int, deltas: Sequence[Delta]) -> Mapping[UUID, int]:
        """Take in runs that begin where their lists stand; nothing comes between."""
        into = self._of(generation)
        after = {}
        for delta in deltas:
            held = into.lists.get(delta.list_id)
            before = None if held is None else held.whole
            offset = 0 if before is None else before.offset
            if offset == delta.since and generation in self._generations:
                into.put(apply(before, delta))
                offset = delta.offset
            after[delta.list_id] = offset
        return after

    async def replace(self, generation: int, whole: ListGraph) -> None:
        """Take in a list as a whole."""
        self._of(generation).put(whole)

    async def read_list(self, generation: int, list_id: UUID) -> ListGraph | None:
        """Give a list back."""
        held = self._of(generation).lists.get(list_id)
        return None if held is None else held.whole

    async def aclose(self) -> None:
        """Let go of everything."""
        self._generations.clear()

    def lists_of(self, username: str) -> set[UUID]:
        """Name the lists that someone is a member of, as far as they are in."""
        return set(self._now.by_member.get(username, ()))

    def evict(self, list_id: UUID) -> None:
        """Forget a list, as if it had never been in."""
        self._now.remove(list_id)

    # --- questions --------------------------------------------------------------------------------

    @property
    def _now(self) -> _Generation:
        return self._of(self._active)

    def _of(self, generation: int) -> _Generation:
        """Give a generation; one that is gone is empty, and what is put there is lost."""
        return self._generations.get(generation) or _Generation("")

    async def offset(self, list_id: UUID) -> int:
        """Give the list's watermark."""
        held = self._now.lists.get(list_id)
        return 0 if held is None else held.whole.offset

    async def recommend(self, asker: str, now: int, limit: int) -> Recommendations:
        """Rank the todos of all lists; the loop gets its turn in between."""
        lists = self._now.of(asker)
        turn = _Turn()
        best: list[tuple[tuple[int, bool, int, int, str], Candidate]] = []
        for held in lists:
            if held.whole.members[asker].role is Role.VIEWER:
                continue
            await held.prepare()
            scored = []
            for candidate in held.candidates(asker):
                scored.append((score_of(candidate, asker, now), candidate))
                await turn.take(1)
            best = _best(best, scored, limit)
        return Recommendations(
            tuple(recommendation(one, asker, now) for _, one in best),
            {held.whole.id: held.whole.offset for held in lists},
        )

    async def impact(self, asker: str, todo_id: UUID) -> Impact:
        """Walk from the todo to what waits for it, nearest first, through open ones."""
        for held in self._now.of(asker):
            if todo_id in held.whole.todos:
                waiting = await held.ask(held.waiting, todo_id)
                return Impact(held.whole.id, held.whole.offset, waiting)
        return Impact(None, 0, ())

    async def dependencies(self, asker: str, list_id: UUID) -> ListDependencies | None:
        """Read the live todos with a dependency among them."""
        held = self._now.opened(asker, list_id)
        if held is None:
            return None
        todos, alone = await held.ask(held.dependencies)
        return ListDependencies(held.whole.offset, todos, alone)

    async def people(self, asker: str, list_id: UUID, limit: int) -> PeopleHints | None:
        """Count whom the asker meets, and what the members did."""
        held = self._now.opened(asker, list_id)
        if held is None:
            return None
        # Members of this list as bits of one number: as many as 200 in each of 1,000 lists.
        bits = {name: 1 << number for number, name in enumerate(held.whole.members)}
        bits[asker] = 0
        met: Counter[str] = Counter()
        colleagues: dict[str, int] = {}
        turn = _Turn()
        for other in self._now.of(asker):
            if other is held:
                continue
            insiders = sum(bits.get(name, 0) for name in other.whole.members)
            for name in other.whole.members.keys() - bits.keys():
                met[name] += 1
                colleagues[name] = colleagues.get(name, 0) | insiders
            await turn.take(len(other.whole.members))
        meetings = {
            name: Meeting(count, colleagues[name].bit_count()) for name, count in met.items()
        }
        work = await held.ask(held.work)
        return PeopleHints(
            invitations(meetings, limit), assignments(work, limit), held.whole.offset
        )

    async def hints(self, asker: str, list_id: UUID, title: str, limit: int) -> ListHints | None:
        """Count labels over the asker's lists, and neighbours in this one."""
        held = self._now.opened(asker, list_id)
        if held is None:
            return None
        terms = terms_of(title)
        counts: dict[str, tuple[int, int]] = {}
        turn = _Turn()
        for other in self._now.of(asker) if terms else ():
            for label, count in (await other.ask(other.labels, terms)).items():
                own, far = counts.get(label, (0, 0))
                counts[label] = (own + count, far) if other is held else (own, far + count)
            await turn.take(len(other.whole.todos))
        neighbours = await held.ask(held.neighbours, terms)
        still_open = await held.ask(held.open_keys) if neighbours else ()
        return ListHints(
            label_hints(counts, limit), companions(neighbours, still_open, limit), held.whole.offset
        )


class _Turn:
    """Count what was looked at, and give the loop its turn when that was much."""

    def __init__(self) -> None:
        self._looked = 0

    async def take(self, count: int) -> None:
        self._looked += count
        if self._looked >= _SLICE:
            self._looked = 0
            await asyncio.sleep(0)


def _best(
    best: list[tuple[tuple[int, bool, int, int, str], Candidate]],
    scored: Sequence[tuple[int, Candidate]],
    limit: int,
) -> list[tuple[tuple[int, bool, int, int, str], Candidate]]:
    """Put what scored high enough among the best; only for those is the whole order looked at."""
    least = -best[-1][0][0] if len(best) == limit else -1
    if len(scored) > limit:
        least = max(least, heapq.nlargest(limit, [score for score, _ in scored])[-1])
    ranked = [(order_of(one, score), one) for score, one in scored if score >= least]
    return heapq.nsmallest(limit, [*best, *ranked], key=lambda pair: pair[0]) if ranked else best
