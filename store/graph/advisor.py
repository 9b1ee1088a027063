"""Answer what the graph knows, after the database has agreed that the asker may know it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from uuid import UUID

from store.errors import GraphUnavailable
from store.graph.answers import ListDependencies, ListHints, PeopleHints
from store.graph.arrivals import Arrivals
from store.graph.last_answers import LastAnswers
from store.graph.permitted import Permitted
from store.graph.turns import Turns
from store.log_id import LogId

if TYPE_CHECKING:
    from store.actor import Actor
    from store.graph.answers import Impact, Reason, Recommendations
    from store.graph.graph import GraphReader
    from store.store import Store
    from store.todo.model import Todo

__all__ = ["Advice", "Advised", "Advisor", "ImpactNow", "Recommended", "WaitingTodo"]

T = TypeVar("T")

# How long a question about one list waits for the graph to reach the offset asked for.
_PATIENCE_S: Final = 2.0
# The graph is asked for more than are shown: some may be done or gone by now.
_MORE: Final = 20


@dataclass(frozen=True, slots=True)
class Advised(Generic[T]):
    """Wrap an answer; ``stale``: the graph is away, and this is what it said last."""

    value: T
    stale: bool


@dataclass(frozen=True, slots=True)
class Recommended:
    """Hold one recommended todo as it is now."""

    todo: Todo
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """Hold what to do next; ``offsets`` are those of the lists that the graph looked at."""

    items: tuple[Recommended, ...]
    offsets: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class WaitingTodo:
    """Hold an open todo, as it is now, that waits ``steps`` dependencies away."""

    todo: Todo
    steps: int


@dataclass(frozen=True, slots=True)
class ImpactNow:
    """Hold the nearest of what waits for a todo of ``list_id``, and ``total``, how many wait.

    Where not all are in ``waiting``, ``total`` is what the graph counted as of ``offset``.
    """

    list_id: UUID
    offset: int
    waiting: tuple[WaitingTodo, ...]
    total: int


class Advisor:
    """Ask the graph, check in PostgreSQL in the asker's name, answer.

    ``prepare`` is given the asker's id and username before each question; None: the graph keeps
    up by itself. While such a graph is away the last good answer to the same question is given
    again, checked anew; not to who wants a ``fresh`` one. Every method raises GraphUnavailable when
    there is none, NotFound where the asker may not look, and Unavailable. Call them by ``share``.
    """

    def __init__(
        self,
        graph: GraphReader,
        store: Store,
        *,
        prepare: Callable[[UUID, str], Awaitable[None]] | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._graph = graph
        self._store = store
        self._prepare = prepare
        self._patience_s = patience_s
        self._permitted = Permitted(store.database)
        self._last = LastAnswers()
        self._turns = Turns()
        # Waiting takes nobody's turn to ask, but of many lists at once it would be much looking.
        self._waits = Turns(patience_s=None)
        self._arrivals = Arrivals(self._reached, self._head)

    async def share(self, actor: Actor, question: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work that answers a question in the asker's turn, or share what comes of it.

        ``question`` is all that the answer depends on, beside who asks. Raises TooMany when the
        asker has too many others under way, and what ``work`` raises. See store.graph.turns.
        """
        return await self._turns.share(actor.id, question, work)

    async def reach(
        self,
        actor: Actor,
        min_offset: int,
        *,
        list_id: UUID | None = None,
        todo_id: UUID | None = None,
    ) -> None:
        """Wait up to 2 s until the graph has a list, or that of a todo, up to an offset; 0: do not.

        Raises GraphUnavailable when it has not, at once when the list is not that long; NotFound.
        """
        if not min_offset:
            return
        try:
            async with asyncio.timeout(self._patience_s):
                if todo_id is not None:
                    list_id = await self._permitted.list_of(actor.id, todo_id)
                elif list_id is not None:
                    await self._permitted.enter(actor.id, list_id)
                if list_id is not None:
                    arrive = partial(self._arrive, actor, list_id, min_offset)
                    await self._waits.share(actor.id, (list_id, min_offset), arrive)
        except TimeoutError:
            message = (
                f"The graph does not have this list up to {min_offset} yet; ask again shortly."
            )
            raise GraphUnavailable(message) from None

    async def recommend(self, actor: Actor, limit: int) -> Advised[Advice]:
        """Say what to do next, over all lists of the asker's."""
        now = _milliseconds(self._store.now())
        said: Advised[Recommendations] = await self._ask(
            actor,
            ("recommend", limit),
            lambda: self._graph.recommend(actor.username, now, limit + _MORE),
        )
        ids = [one.todo_id for one in said.value.items]
        ready, mine = await self._permitted.ready(actor.id, ids)
        items = tuple(
            Recommended(ready[one.todo_id], one.score, one.reasons)
            for one in said.value.items
            if one.todo_id in ready
        )
        # What the graph looked at may be no longer theirs: not even its id is told then.
        offsets = {one: offset for one, offset in said.value.offsets.items() if one in mine}
        return Advised(Advice(items[:limit], offsets), said.stale)

    async def impact(
        self, actor: Actor, todo_id: UUID, limit: int, *, fresh: bool
    ) -> Advised[ImpactNow]:
        """Say what waits for a todo: at most ``limit``, nearest first."""
        list_id = await self._permitted.list_of(actor.id, todo_id)
        said: Advised[Impact] = await self._ask(
            actor,
            ("impact", todo_id),
            lambda: self._graph.impact(actor.username, todo_id),
            fresh=fresh,
        )
        known = said.value.waiting
        waiting: list[WaitingTodo] = []
        looked = 0
        # One more tells whether there is more. Some may be done or gone by now: then further ones.
        while looked < len(known) and len(waiting) <= limit:
            some = known[looked : looked + limit + 1]
            looked += len(some)
            found = await self._permitted.open(actor.id, [one.todo_id for one in some])
            waiting += (
                WaitingTodo(found[one.todo_id], one.steps)
                for one in some
                if one.todo_id in found and found[one.todo_id].list_id == list_id
            )
        total = len(waiting) if len(waiting) <= limit else len(known)
        shown = tuple(waiting[:limit])
        return Advised(ImpactNow(list_id, said.value.offset, shown, total), said.stale)

    async def dependencies(
        self, actor: Actor, list_id: UUID, *, fresh: bool
    ) -> Advised[ListDependencies]:
        """Give the todos of a list that have to do with a dependency."""
        await self._permitted.enter(actor.id, list_id)
        said = await self._ask(
            actor,
            ("dependencies", list_id),
            lambda: self._graph.dependencies(actor.username, list_id),
            fresh=fresh,
        )
        found = said.value or ListDependencies(0, (), 0)
        if said.stale or self._prepare is None:  # else the graph is as new as the database
            todos = await self._permitted.refreshed(actor.id, list_id, found.todos)
            found = ListDependencies(found.offset, todos, found.alone)
        return Advised(found, said.stale)

    async def people(
        self, actor: Actor, list_id: UUID, limit: int, *, fresh: bool
    ) -> Advised[PeopleHints]:
        """Say whom to invite to a list and whom to assign there."""
        here, known = await self._permitted.people(actor.id, list_id)
        said = await self._ask(
            actor,
            ("people", list_id, limit),
            lambda: self._graph.people(actor.username, list_id, limit),
            fresh=fresh,
        )
        hints = said.value or PeopleHints((), (), 0)
        return Advised(
            PeopleHints(
                tuple(one for one in hints.invite if one.username in known - here.keys()),
                tuple(one for one in hints.assign if one.username in here),
                hints.offset,
            ),
            said.stale,
        )

    async def hints(
        self, actor: Actor, list_id: UUID, title: str, limit: int, *, fresh: bool
    ) -> Advised[ListHints]:
        """Suggest labels for a title in a list, and what is often added together with it."""
        await self._permitted.enter(actor.id, list_id)
        said = await self._ask(
            actor,
            ("hints", list_id, title, limit),
            lambda: self._graph.hints(actor.username, list_id, title, limit),
            fresh=fresh,
        )
        hints = said.value or ListHints((), (), 0)
        seen = await self._permitted.labels(actor.id, [one.label for one in hints.labels])
        labels = tuple(one for one in hints.labels if one.label in seen)
        return Advised(ListHints(labels, hints.together, hints.offset), said.stale)

    async def _ask(
        self,
        actor: Actor,
        words: Hashable,
        ask: Callable[[], Awaitable[T]],
        *,
        fresh: bool = False,
    ) -> Advised[T]:
        """Ask the graph; else give its last answer, unless a fresh one is wanted."""
        question = (actor.id, words)
        try:
            async with self._turns.seat():
                if self._prepare is not None:
                    await self._prepare(actor.id, actor.username)
                said = await ask()
        except GraphUnavailable:
            # Whoever asks for an offset would rather wait than hear of the time before.
            last = None if fresh else self._last.find(question)
            if last is None:
                raise
            return Advised(last, stale=True)  # type: ignore[arg-type]
        if said is not None and self._prepare is None:  # else it is never away
            self._last.keep(question, said)
        return Advised(said, stale=False)

    async def _arrive(self, actor: Actor, list_id: UUID, offset: int) -> None:
        if self._prepare is not None:
            async with self._turns.seat():
                await self._prepare(actor.id, actor.username)
        await self._arrivals.wait(list_id, offset)

    async def _reached(self, list_id: UUID) -> int:
        async with self._turns.seat():
            return await self._graph.offset(list_id)

    async def _head(self, list_id: UUID) -> int:
        log = LogId.list(list_id)
        return (await self._store.heads([log])).get(log, 0)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
