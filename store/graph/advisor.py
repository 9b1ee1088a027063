"""Answer what the graph knows, after the database has agreed that the asker may know it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from store.errors import GraphUnavailable
from store.graph.advice import Advice, Advised, ImpactNow, Recommended, WaitingTodo
from store.graph.answers import Impact, ListDependencies, ListHints, PeopleHints
from store.graph.arrivals import Arrivals
from store.graph.last_answers import LastAnswers
from store.graph.lateness import Lateness
from store.graph.permitted import Permitted
from store.graph.turns import Turns
from store.log_id import LogId

if TYPE_CHECKING:
    from store.actor import Actor
    from store.graph.answers import Recommendations
    from store.graph.graph import GraphReader
    from store.store import Store

__all__ = ["Advisor"]

T = TypeVar("T", Impact, ListDependencies, ListHints, PeopleHints)
S = TypeVar("S")

# How long a question about one list waits for the graph to reach the offset asked for.
_PATIENCE_S: Final = 2.0
# Of that, what is left to say why it was in vain.
_REST: Final = 0.05
# A list that is not that long yet is looked at again ever less often.
_HEAD_MOST_S: Final = 0.2
# The graph is asked for more than are shown: some may be done or gone by now.
_MORE: Final = 20

_FILLING: Final = "The graph is being filled and does not have all of this yet; ask again shortly."


class Advisor:
    """Ask the graph, check in PostgreSQL in the asker's name, answer.

    ``prepare`` is given the asker's id and username before each question, and brings in what it is
    about; None: the graph keeps up by itself. Such a graph may be away, or behind for longer than a
    moment, as one is that is being filled again. Then an answer is marked stale: the last good one
    to the same question, checked anew, or what there is, whichever rests on more. Where a graph
    that is behind knows nothing, its silence is no answer: GraphUnavailable. ``min_offset`` 0: any
    will do; else what is answered rests on that offset of the list at least, or nothing is. Every
    method raises GraphUnavailable when there is no answer, NotFound where the asker may not look,
    and Unavailable. Call them by ``share``.
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
        self._lateness = Lateness(store)
        self._last = LastAnswers()
        self._turns = Turns()
        # Waiting takes nobody's turn to ask, but of many lists at once it would be much looking.
        self._waits = Turns(patience_s=None)
        self._arrivals = Arrivals(self._reached)
        self._growth = Arrivals(self._head, most_s=_HEAD_MOST_S)

    async def share(self, actor: Actor, question: Hashable, work: Callable[[], Awaitable[S]]) -> S:
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

        The list itself may not be that long yet: whoever writes to it may be about to. Raises
        GraphUnavailable when it was in vain; NotFound.
        """
        if not min_offset:
            return
        until = asyncio.get_running_loop().time() + self._patience_s * (1 - _REST)
        try:
            async with asyncio.timeout(self._patience_s):
                if todo_id is not None:
                    list_id = await self._permitted.list_of(actor.id, todo_id)
                elif list_id is not None:
                    await self._permitted.enter(actor.id, list_id)
                if list_id is not None:
                    arrive = partial(self._arrive, actor, list_id, min_offset, until)
                    await self._waits.share(actor.id, (list_id, min_offset), arrive)
        except TimeoutError:
            raise _not_yet(min_offset) from None

    async def recommend(self, actor: Actor, limit: int) -> Advised[Advice]:
        """Say what to do next, over all lists of the asker's."""
        now = _milliseconds(self._store.now())
        question = (actor.id, ("recommend", limit))
        last: Recommendations | None = self._last.find(question)  # type: ignore[assignment]
        try:
            async with self._turns.seat():
                await self._bring_in(actor)
                said = await self._graph.recommend(actor.username, now, limit + _MORE)
        except GraphUnavailable:
            if last is None:
                raise
            return Advised((await self._recommended(actor, last, limit))[0], stale=True)
        advice, heads = await self._recommended(actor, said, limit)
        if self._prepare is not None:
            return Advised(advice, stale=False)
        late = await self._lateness.is_late(advice.offsets, heads)
        if last is not None:
            # What rests on more stays, also before the graph is late: it has forgotten something.
            more = sum(last.offsets.get(one, 0) for one in heads) - sum(advice.offsets.values())
            if more > 0 or (late and more == 0):
                return Advised((await self._recommended(actor, last, limit))[0], stale=True)
        if not late:
            if any(advice.offsets.values()):  # else it is silence
                self._last.keep(question, said)
            return Advised(advice, stale=False)
        if not advice.items:
            # "Nothing to do" would be said of lists that are not looked at yet.
            raise GraphUnavailable(_FILLING)
        return Advised(advice, stale=True)

    async def impact(
        self, actor: Actor, todo_id: UUID, limit: int, *, min_offset: int = 0
    ) -> Advised[ImpactNow]:
        """Say what waits for a todo: at most ``limit``, nearest first."""
        list_id = await self._permitted.list_of(actor.id, todo_id)

        async def ask() -> Impact | None:
            found = await self._graph.impact(actor.username, todo_id)
            return None if found.list_id is None else found

        def nothing(offset: int) -> Impact:
            return Impact(list_id, offset, ())

        said = await self._ask(actor, list_id, ("impact", todo_id), ask, nothing, min_offset)
        known = said.value.waiting
        waiting: list[WaitingTodo] = []
        looked = 0
        # One more tells whether there is more. Some may be done or gone by now: then further ones.
        while looked < len(known) and len(waiting) <= limit:
            some = known[looked : looked + limit + 1]
            looked += len(some)
            there = await self._permitted.open(actor.id, [one.todo_id for one in some])
            waiting += (
                WaitingTodo(there[one.todo_id], one.steps)
                for one in some
                if one.todo_id in there and there[one.todo_id].list_id == list_id
            )
        total = len(waiting) if len(waiting) <= limit else len(known)
        shown = tuple(waiting[:limit])
        return Advised(ImpactNow(list_id, said.value.offset, shown, total), said.stale)

    async def dependencies(
        self, actor: Actor, list_id: UUID, *, min_offset: int = 0
    ) -> Advised[ListDependencies]:
        """Give the todos of a list that have to do with a dependency."""
        await self._permitted.enter(actor.id, list_id)
        said = await self._ask(
            actor,
            list_id,
            ("dependencies", list_id),
            lambda: self._graph.dependencies(actor.username, list_id),
            lambda offset: ListDependencies(offset, (), 0),
            min_offset,
        )
        found = said.value
        if said.stale or self._prepare is None:  # else the graph is as new as the database
            todos = await self._permitted.refreshed(actor.id, list_id, found.todos)
            found = ListDependencies(found.offset, todos, found.alone)
        return Advised(found, said.stale)

    async def people(
        self, actor: Actor, list_id: UUID, limit: int, *, min_offset: int = 0
    ) -> Advised[PeopleHints]:
        """Say whom to invite to a list and whom to assign there."""
        here, known = await self._permitted.people(actor.id, list_id)
        said = await self._ask(
            actor,
            list_id,
            ("people", list_id, limit),
            lambda: self._graph.people(actor.username, list_id, limit),
            lambda offset: PeopleHints((), (), offset),
            min_offset,
        )
        hints = said.value
        return Advised(
            PeopleHints(
                tuple(one for one in hints.invite if one.username in known - here.keys()),
                tuple(one for one in hints.assign if one.username in here),
                hints.offset,
            ),
            said.stale,
        )

    async def hints(
        self, actor: Actor, list_id: UUID, title: str, limit: int, *, min_offset: int = 0
    ) -> Advised[ListHints]:
        """Suggest labels for a title in a list, and what is often added together with it."""
        await self._permitted.enter(actor.id, list_id)
        said = await self._ask(
            actor,
            list_id,
            ("hints", list_id, title, limit),
            lambda: self._graph.hints(actor.username, list_id, title, limit),
            lambda offset: ListHints((), (), offset),
            min_offset,
        )
        hints = said.value
        seen = await self._permitted.labels(actor.id, [one.label for one in hints.labels])
        labels = tuple(one for one in hints.labels if one.label in seen)
        return Advised(ListHints(labels, hints.together, hints.offset), said.stale)

    async def _recommended(
        self, actor: Actor, said: Recommendations, limit: int
    ) -> tuple[Advice, Mapping[UUID, int]]:
        """Give what of an answer is so now, and the heads of all lists of the asker's."""
        ready, heads = await self._permitted.ready(actor.id, [one.todo_id for one in said.items])
        items = tuple(
            Recommended(ready[one.todo_id], one.score, one.reasons)
            for one in said.items
            if one.todo_id in ready
        )
        # What the graph looked at may be no longer theirs: not even its id is told then.
        offsets = {one: said.offsets.get(one, 0) for one in heads}
        return Advice(items[:limit], offsets), heads

    async def _ask(
        self,
        actor: Actor,
        list_id: UUID,
        words: Hashable,
        ask: Callable[[], Awaitable[T | None]],
        nothing: Callable[[int], T],
        min_offset: int,
    ) -> Advised[T]:
        """Ask the graph about a list; else give its last answer, unless a certain one is wanted.

        ``nothing`` makes the answer as of an offset at which what is asked about was not there yet:
        the list or the todo has begun, or the asker has joined, only just now.
        """
        question = (actor.id, words)
        # Whoever asks for an offset would rather wait than hear of the time before.
        last: T | None = None if min_offset else self._last.find(question)  # type: ignore[assignment]
        try:
            async with self._turns.seat():
                await self._bring_in(actor)
                said = await ask()
                offset = await self._graph.offset(list_id) if said is None else said.offset
        except GraphUnavailable:
            if last is None:
                raise
            return Advised(last, stale=True)
        if offset < min_offset:
            raise _not_yet(min_offset)  # another generation took the place of the one that had it
        if self._prepare is not None:
            return Advised(nothing(offset) if said is None else said, stale=False)
        if last is not None and last.offset > offset:
            return Advised(last, stale=True)  # the graph has forgotten something
        if not await self._lateness.is_late({list_id: offset}):
            if said is not None:
                self._last.keep(question, said)
            return Advised(nothing(offset) if said is None else said, stale=False)
        if last is not None and said is None:
            return Advised(last, stale=True)
        if said is None:
            raise GraphUnavailable(_FILLING)
        return Advised(said, stale=True)

    async def _arrive(self, actor: Actor, list_id: UUID, offset: int, until: float) -> None:
        head: int | None = None
        try:
            async with asyncio.timeout_at(until):
                if await self._brought(actor, list_id) >= offset:
                    return
                head = await self._head(list_id)
                if head < offset:
                    await self._growth.wait(list_id, offset)
                    head = offset
                if self._prepare is not None:
                    await self._brought(actor, list_id)
                await self._arrivals.wait(list_id, offset)
        except TimeoutError:
            raise _not_yet(offset, head) from None

    async def _bring_in(self, actor: Actor) -> None:
        if self._prepare is not None:
            await self._prepare(actor.id, actor.username)

    async def _brought(self, actor: Actor, list_id: UUID) -> int:
        async with self._turns.seat():
            await self._bring_in(actor)
            return await self._graph.offset(list_id)

    async def _reached(self, list_id: UUID) -> int:
        async with self._turns.seat():
            return await self._graph.offset(list_id)

    async def _head(self, list_id: UUID) -> int:
        log = LogId.list(list_id)
        return (await self._store.heads([log])).get(log, 0)


def _not_yet(offset: int, head: int | None = None) -> GraphUnavailable:
    if head is not None and head < offset:
        return GraphUnavailable(f"This list has no entry {offset} yet: its last one is {head}.")
    return GraphUnavailable(
        f"The graph does not have this list up to {offset} yet; ask again shortly."
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
