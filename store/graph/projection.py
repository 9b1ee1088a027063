"""Bring lists of one generation of the graph forward, from their logs."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from store.graph.fold import fold

if TYPE_CHECKING:
    from uuid import UUID

    from store.entry import LogRead
    from store.graph.graph import GraphWriter
    from store.graph.model import Delta, ListGraph

__all__ = ["Advance", "Projection", "Source"]

_log = structlog.get_logger("lockstep.projector")

# One transaction of the graph: many enough to share its cost, few enough to be short.
_ENTRIES: Final = 2_000
_LEAST: Final = 50
_BYTES: Final = 262_144


class Source(Protocol):
    """Be what the graph is made of; see store.graph.source."""

    @property
    def epoch(self) -> str:
        """Name the database's epoch."""

    async def read(self, list_id: UUID, since: int, limit: int, max_bytes: int) -> LogRead:
        """Read entries of a list's log."""

    async def heads(self, after: UUID | None, limit: int) -> list[tuple[UUID, int]]:
        """Read the heads of lists in order of their ids."""

    async def whole(self, list_id: UUID) -> ListGraph | None:
        """Read a list with its trash in one moment; None: there never was one."""


@dataclass(frozen=True, slots=True)
class Advance:
    """Say how far lists are in now, the heads their logs had, and how many entries were taken.

    ``moved`` lists are not where they were. None: the logs told nothing new, or the generation
    takes nothing in, because it is gone.
    """

    watermarks: Mapping[UUID, int]
    heads: Mapping[UUID, int]
    entries: int
    moved: int


class Projection:
    """Move lists of one generation forward.

    Holds nothing but a hint of where they stand: any number may run on the same lists, be killed at
    any moment and begin again. What they find in the graph decides.
    """

    def __init__(self, source: Source, graph: GraphWriter, generation: int) -> None:
        self.generation = generation
        self._source = source
        self._graph = graph

    async def watermarks(self, lists: Collection[UUID]) -> dict[UUID, int]:
        """Ask how far lists are in; 0: not at all. Raises GraphUnavailable."""
        if not lists:
            return {}
        found = await self._graph.watermarks(self.generation, lists)
        return {list_id: found.get(list_id, 0) for list_id in lists}

    async def advance(self, lists: Mapping[UUID, int | None]) -> Advance:
        """Take one run of entries of each list in, all in one transaction of the graph.

        ``lists`` maps to the watermark, as far as it is known; a wrong one costs a round. A list
        whose log no longer reaches back is taken in whole. Raises GraphUnavailable, Unavailable.
        """
        known = {one: mark for one, mark in lists.items() if mark is not None}
        known |= await self.watermarks([one for one in lists if one not in known])
        limit = max(_LEAST, _ENTRIES // max(1, len(known)))
        reads = await asyncio.gather(
            *(self._source.read(one, since, limit, _BYTES) for one, since in known.items())
        )
        heads: dict[UUID, int] = {}
        watermarks: dict[UUID, int] = {}
        deltas: list[Delta] = []
        pruned: list[UUID] = []
        for (list_id, since), read in zip(known.items(), reads, strict=True):
            heads[list_id] = read.head
            watermarks[list_id] = since
            if since < read.floor:
                pruned.append(list_id)
            elif read.entries:
                try:
                    deltas.append(fold(list_id, since, read.entries))
                except (KeyError, TypeError, ValueError):
                    # A newer version's entry, or a damaged one: the rows tell what came of it.
                    _log.exception("entries_unreadable", list=str(list_id), offset=since)
                    pruned.append(list_id)
        if deltas:
            watermarks |= await self._graph.apply(self.generation, deltas)
        for list_id in pruned:
            watermarks[list_id] = await self._take_whole(list_id, heads[list_id])
        entries = sum(
            delta.offset - delta.since
            for delta in deltas
            if watermarks[delta.list_id] == delta.offset
        )
        moved = sum(watermarks[one] != since for one, since in known.items())
        return Advance(watermarks, heads, entries, moved)

    async def _take_whole(self, list_id: UUID, head: int) -> int:
        whole = await self._source.whole(list_id)
        if whole is None:
            return head  # there is nothing to take in, now or later
        await self._graph.replace(self.generation, whole)
        # A generation that is gone took nothing in, and does not say so.
        return (await self.watermarks([list_id]))[list_id]
