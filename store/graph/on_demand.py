"""Project into the graph of this process just what a question needs, when it is asked."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Final

from store.graph.backlog import Backlog
from store.graph.projection import Projection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from store.graph.graph_memory import MemoryGraph
    from store.graph.source import GraphSource

__all__ = ["OnDemand"]

_AT_ONCE: Final = 64
_KEPT: Final = 10_000  # lists


class OnDemand:
    """Bring the lists of whoever asks up to their heads, and keep those asked for lately.

    So nothing is projected that nobody asks for, no start has to wait, and answers are as new as
    the database. It costs the first question of a person the reading of their lists. At most
    ``kept`` lists stay, and those that are being brought in.
    """

    def __init__(self, source: GraphSource, graph: MemoryGraph, *, kept: int = _KEPT) -> None:
        self._source = source
        self._graph = graph
        self._kept = kept
        self._recent: OrderedDict[UUID, None] = OrderedDict()
        self._wanted: Counter[UUID] = Counter()

    async def prepare(self, asker: UUID, username: str) -> None:
        """Bring all lists of the asker up to date, also those they have been removed from.

        They are in until the caller waits for anything else. Raises Unavailable.
        """
        generation = await self._graph.generation(self._source.epoch)
        projection = Projection(self._source, self._graph, generation)
        heads = dict(await self._source.lists_of(asker))
        # From here on nobody else's question drives them out while this one waits for others.
        self._wanted.update(heads.keys())
        try:
            # What the graph still takes for theirs is looked at again: the removal is in its log.
            lost = self._graph.lists_of(username) - heads.keys()
            backlog = Backlog(len(heads) + len(lost) + 1)
            backlog.reached(await projection.watermarks([*heads, *lost]))
            for list_id, head in heads.items():
                backlog.heard(list_id, head)
            while backlog:
                advance = await projection.advance(backlog.next(_AT_ONCE))
                backlog.reached(advance.watermarks)
        finally:
            self._wanted -= Counter(heads.keys())
        self._evict(lost)
        self._touch(heads)

    def _touch(self, lists: dict[UUID, int]) -> None:
        for list_id in lists:
            self._recent[list_id] = None
            self._recent.move_to_end(list_id)
        spare = len(self._recent) - max(self._kept, len(lists))
        if spare > 0:
            # Oldest first, and none of those that the caller asks about next.
            others = (one for one in self._recent if one not in self._wanted and one not in lists)
            self._evict([one for one, _ in zip(others, range(spare), strict=False)])

    def _evict(self, lists: Iterable[UUID]) -> None:
        for list_id in lists:
            if list_id not in self._wanted:
                self._recent.pop(list_id, None)
                self._graph.evict(list_id)
