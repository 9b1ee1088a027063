"""Compare the graph with the database, list by list, and mend what differs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from store.errors import GraphUnavailable, LockstepError
from store.graph.apply import apply
from store.graph.digest import Digest, digest
from store.graph.fold import fold
from store.graph.projection import Projection

if TYPE_CHECKING:
    from store.graph.graph import GraphWriter
    from store.graph.model import ListGraph
    from store.graph.projection import Source

__all__ = ["Checked", "Difference", "Digest", "check", "digest"]

_log = structlog.get_logger("lockstep.check")

_PAGE: Final = 500
_ENTRIES: Final = 2_000
_BYTES: Final = 1 << 20
# Looks at what does not move, of a list or of all that are behind: ten seconds.
_LOOKS: Final = 20
_LOOK_S: Final = 0.5
_ROUNDS: Final = 240  # however much moves
_PATIENCE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """Name a list whose graph is not what the database says; None: it has nothing of it."""

    list_id: UUID
    database: Digest
    graph: Digest | None


@dataclass(frozen=True, slots=True)
class Checked:
    """Say what a comparison of ``lists`` lists found.

    ``behind`` are right as far as they are in, and nobody brings them forward; whoever repairs has
    done so. ``unread`` were not compared, and why.
    """

    lists: int
    differences: tuple[Difference, ...]
    behind: tuple[UUID, ...]
    unread: Mapping[UUID, str]


async def check(
    source: Source,
    graph: GraphWriter,
    told: Callable[[int], None],
    *,
    repair: bool,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Checked:
    """Compare every list at the same offset in both.

    With ``repair`` each is brought up to its head first, and mended if it differs; without,
    nothing is written, and lists that are behind are given some time to be brought forward by a
    worker. ``told`` takes how many lists are done. Writes go on meanwhile: what they add between
    the reading of the one and of the other is taken into account. A list that cannot be read is
    named, and the others are compared. Raises GraphUnavailable, Unavailable when none can.
    """
    comparison = _Comparison(source, graph, sleep, repair=repair)
    count = 0
    after: UUID | None = None
    while page := await source.heads(after, _PAGE):
        after = page[-1][0]
        await comparison.renew()
        for list_id, head in page:
            count += 1
            told(count)
            await comparison.take(list_id, head)
    behind = await comparison.still_behind()
    return Checked(count, tuple(comparison.differences), behind, comparison.unread)


class _Comparison:
    """Compare one list after the other, and collect what is wrong."""

    def __init__(
        self,
        source: Source,
        graph: GraphWriter,
        sleep: Callable[[float], Awaitable[None]],
        *,
        repair: bool,
    ) -> None:
        self.differences: list[Difference] = []
        self.unread: dict[UUID, str] = {}
        self._behind: dict[UUID, int] = {}
        self._source = source
        self._graph = graph
        self._sleep = sleep
        self._repair = repair
        self._generation: int | None = None

    async def renew(self) -> bool:
        """Look which generation answers; tell whether it is another than before."""
        before, epoch = self._generation, self._source.epoch
        look = self._graph.generation if self._repair else self._graph.answering
        self._generation = await look(epoch)
        return self._generation != before

    async def take(self, list_id: UUID, head: int) -> None:
        """Compare a list, whose log reaches ``head``; raise only when none can be."""
        while True:
            difference: Difference | None = None
            failure: str | None = None
            try:
                difference = await self._compare(list_id, head)
            except LockstepError as error:
                failure = _why(error)
                await self._recover()
            except Exception as error:  # noqa: BLE001 - one list keeps no other out
                _log.exception("list_not_compared", list=str(list_id))
                failure = type(error).__name__
            if (difference or failure) and await self.renew():
                continue  # a rebuild has taken away what was looked at
            break
        if failure is not None:
            self.unread[list_id] = failure
        if difference is not None:
            self._behind.pop(list_id, None)
            self.differences.append(difference)

    async def still_behind(self) -> tuple[UUID, ...]:
        """Give those that nobody brings forward, as far as their logs reached."""
        looks = 0
        before: Mapping[UUID, int] = {}
        for _ in range(_ROUNDS):
            await self.renew()
            if not self._behind or self._generation is None or looks == _LOOKS:
                break
            now = await self._graph.watermarks(self._generation, self._behind)
            self._behind = {
                one: goal for one, goal in self._behind.items() if now.get(one, 0) < goal
            }
            looks = looks + 1 if now == before else 0
            before = now
            if self._behind:
                await self._sleep(_LOOK_S)
        return tuple(self._behind)

    async def _compare(self, list_id: UUID, head: int) -> Difference | None:
        if self._repair:
            await self._bring_forward(list_id, head)
        # First the graph, which follows the database: else it might be ahead.
        held = await self._held(list_id)
        whole = await self._source.whole(list_id)
        if whole is None:
            return None
        if not self._repair and (held is None or held.offset < whole.offset):
            self._behind[list_id] = whole.offset
        expected = digest(whole)
        ahead = None if held is None else await self._ahead(held, whole.offset)
        if ahead is None or digest(ahead) == expected:
            return None
        if self._repair and self._generation is not None:
            await self._graph.replace(self._generation, whole)
        return Difference(list_id, expected, None if held is None else digest(held))

    async def _held(self, list_id: UUID) -> ListGraph | None:
        if self._generation is None:
            return None
        return await self._graph.read_list(self._generation, list_id)

    async def _ahead(self, held: ListGraph, offset: int) -> ListGraph | None:
        """Give the list as it becomes up to ``offset``; None: its log does not tell.

        Then the projector takes it in whole, whatever is there.
        """
        looks = 0
        while held.offset < offset:
            read = await self._source.read(held.id, held.offset, _ENTRIES, _BYTES)
            entries = [entry for entry in read.entries if entry.offset <= offset]
            if held.offset < read.floor or looks == _LOOKS:
                return None
            if not entries:  # a standby that is read may be behind
                looks += 1
                await self._sleep(_LOOK_S)
                continue
            try:
                held = apply(held, fold(held.id, held.offset, entries))
            except (KeyError, TypeError, ValueError):
                return None
        return held

    async def _bring_forward(self, list_id: UUID, head: int) -> None:
        """Take in as many pages as the log has, up to ``head``."""
        if self._generation is None:
            return
        projection = Projection(self._source, self._graph, self._generation)
        since = (await projection.watermarks([list_id]))[list_id]
        looks = 0
        while since < head:
            advance = await projection.advance({list_id: since})
            since = advance.watermarks[list_id]
            if advance.moved:
                looks = 0
                continue
            looks += 1
            if looks == _LOOKS:
                raise GraphUnavailable(f"The graph has it up to {since} and takes in no more.")
            await self._sleep(_LOOK_S)

    async def _recover(self) -> None:
        """Tell a list that cannot be read from a graph that does not answer.

        Raises GraphUnavailable, Unavailable.
        """
        await self._source.heads(None, 1)
        try:
            await self._graph.answering(self._source.epoch)
        except GraphUnavailable as error:
            # The breaker may be open because of this one list.
            await self._sleep(min(error.retry_after_s, _PATIENCE_S) + 1)
            await self._graph.answering(self._source.epoch)


def _why(error: LockstepError) -> str:
    cause = error.__cause__
    if cause is None:
        return error.detail
    said = getattr(cause, "code", None) or type(cause).__name__
    return f"{error.detail.rstrip('.')} ({said})"
