"""Promise what a graph does: take in the lists' changes, and answer from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from store.errors import GraphUnavailable

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.answers import (
        Impact,
        ListDependencies,
        ListHints,
        PeopleHints,
        Recommendations,
    )
    from store.graph.model import Delta, ListGraph

__all__ = ["GenerationGone", "Graph", "GraphReader", "GraphWriter"]


class GenerationGone(GraphUnavailable):
    """Refuse a generation that was dropped, or that the graph lost with everything else."""

    def __init__(self, generation: int) -> None:
        super().__init__(
            f"Generation {generation} of the graph is gone: it was replaced, or the graph emptied."
        )


class GraphWriter(Protocol):
    """Take in what the logs say. Several processes may, at once and repeatedly.

    The graph belongs to one database, named by its epoch. It may be built anew, as another
    *generation* beside the one that questions are answered from. Its number is never given again,
    not even by a graph that lost everything, so whoever still holds that of a dropped one does no
    harm: nothing is in it, it takes nothing in, and no watermark that was in it is in another.
    Every method raises GraphUnavailable when the graph is away, slow or refuses, and is bounded in
    time.
    """

    async def start(self) -> None:
        """Make ready what must be there once: constraints and indexes. May be repeated."""

    async def generation(self, epoch: str) -> int:
        """Give the generation that questions are answered from.

        It is made, empty, when there is none yet or when it belongs to another epoch.
        """

    async def answering(self, epoch: str) -> int | None:
        """Give the same, and make nothing; None: there is none of this epoch."""

    async def begin(self, epoch: str) -> int:
        """Make a new, empty generation, which answers nothing yet; give its number."""

    async def switch(self, generation: int) -> None:
        """Answer from this generation from now on, in one moment. Raises GenerationGone."""

    async def drop(self, generation: int) -> None:
        """Remove a generation that is not answered from, in small transactions."""

    async def others(self, generation: int) -> tuple[int, ...]:
        """Give the numbers of all other generations, begun or left over."""

    async def watermarks(self, generation: int, lists: Collection[UUID]) -> dict[UUID, int]:
        """Give the offset up to which each list is in; lists that are not are left out."""

    async def apply(self, generation: int, deltas: Sequence[Delta]) -> Mapping[UUID, int]:
        """Take in runs of entries, at most one for each list, in one transaction; all or nothing.

        Each is applied with its watermark in the same transaction, under a lock: one that begins
        where the watermark stands (0: not in yet) moves it; one that begins elsewhere leaves it
        alone. Gives the watermarks after that, of every list named. So whoever repeats a run, or
        comes second, changes nothing.
        """

    async def replace(self, generation: int, whole: ListGraph) -> None:
        """Take in a list as a whole, in place of what is there, however old or new that is."""

    async def read_list(self, generation: int, list_id: UUID) -> ListGraph | None:
        """Read back all that is there of a list; None: nothing."""


class GraphReader(Protocol):
    """Answer questions.

    ``asker`` is a username. Every walk starts there and goes only through lists that the asker is a
    member of, as the graph knows it; whoever shows an answer checks it against the database first.
    ``now`` is in milliseconds since 1970. Raises GraphUnavailable.
    """

    async def recommend(self, asker: str, now: int, limit: int) -> Recommendations:
        """Rank the todos that the asker can do now, over all lists; see store.graph.ranking."""

    async def impact(self, asker: str, todo_id: UUID) -> Impact:
        """Find what waits for a todo, directly and through others."""

    async def dependencies(self, asker: str, list_id: UUID) -> ListDependencies | None:
        """Read a list's todos that wait for others or are waited for; None: not in the graph."""

    async def people(self, asker: str, list_id: UUID, limit: int) -> PeopleHints | None:
        """Say whom the asker could invite to a list, and assign there; None: not in the graph."""

    async def hints(self, asker: str, list_id: UUID, title: str, limit: int) -> ListHints | None:
        """Suggest labels for a title, and what is often added with it; None: not in the graph."""

    async def offset(self, list_id: UUID) -> int:
        """Give the watermark of a list in the generation that answers; 0: not in."""


class Graph(GraphWriter, GraphReader, Protocol):
    """Do both, and end."""

    async def aclose(self) -> None:
        """Let go of every connection."""
