"""Keep the graph in Neo4j, where every process finds it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from neo4j.exceptions import ClientError

from store.graph import neo4j_dependencies, neo4j_hints, neo4j_read, neo4j_recommend
from store.graph.neo4j_builder import Neo4jBuilder
from store.graph.neo4j_generations import Generations
from store.graph.neo4j_rows import as_delta
from store.graph.neo4j_schema import SCHEMA, key, make_words
from store.graph.neo4j_session import Neo4jSession, Neo4jSettings
from store.graph.neo4j_write import SIZE, take_in, take_out

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

    from store.graph.answers import (
        Impact,
        ListDependencies,
        ListHints,
        PeopleHints,
        Recommendations,
    )
    from store.graph.breaker import Breaker
    from store.graph.model import Delta, ListGraph

__all__ = ["Neo4jGraph", "Neo4jSettings"]

T = TypeVar("T")

# Todos of a list from which on it is removed apart.
_LARGE: Final = 1_000

_OFFSET: Final = """
MATCH (p:Projection {key: $graph})
MATCH (g:Generation {number: p.generation})
WHERE $epoch IS NULL OR g.epoch = $epoch
MATCH (l:List {key: toString(g.number) + ':' + $list})
RETURN l.offset AS offset
"""


class Neo4jGraph:
    """Be the graph named in the settings, in one database of Neo4j (5.26, any edition).

    Cancelling is safe: a transaction that was begun is rolled back, and one whose commit was under
    way may have happened, which the watermark tells. The same goes for GraphUnavailable.
    """

    def __init__(self, settings: Neo4jSettings) -> None:
        """Connect to nothing yet. Raises ValueError or neo4j's ConfigurationError for a bad URL."""
        self._session = Neo4jSession(settings)
        self._graph = settings.graph
        self._place = {"graph": settings.graph, "epoch": settings.epoch}
        self._generations = Generations(self._session, settings.graph, self.start)

    @property
    def breaker(self) -> Breaker:
        """What decides whether Neo4j is asked at all."""
        return self._session.breaker

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.aclose()

    # --- what the logs say ------------------------------------------------------------------------

    async def start(self) -> None:
        """Make words, constraints and indexes, and wait until the indexes answer."""
        await self._session.write(make_words)
        for text in SCHEMA:
            try:
                await self._session.write_rows(text, {})
            except ClientError as error:
                # IF NOT EXISTS is looked at before another process's commit, and its lock after.
                if not (error.code or "").endswith("AlreadyExists"):
                    raise
        await self._session.write_rows("CALL db.awaitIndexes(10)", {})

    async def generation(self, epoch: str) -> int:
        """Give the generation that questions are answered from."""
        return await self._generations.active(epoch)

    def builder(self) -> Neo4jBuilder:
        """Give the lease of whoever builds this graph anew."""
        return Neo4jBuilder(self._session, self._graph)

    async def answering(self, epoch: str) -> int | None:
        """Give the same, and make nothing."""
        return await self._generations.answering(epoch)

    async def begin(self, epoch: str) -> int:
        """Make a new, empty generation."""
        return await self._generations.begin(epoch)

    async def switch(self, generation: int) -> None:
        """Answer from this generation from now on. Raises GenerationGone."""
        await self._generations.switch(generation)

    async def drop(self, generation: int) -> None:
        """Remove a generation that is not answered from."""
        await self._generations.drop(generation)

    async def others(self, generation: int) -> tuple[int, ...]:
        """Give the numbers of all other generations."""
        return await self._generations.others(generation)

    async def watermarks(self, generation: int, lists: Collection[UUID]) -> dict[UUID, int]:
        """Give the offset up to which each list is in."""
        if not lists:
            return {}
        keys = {"rows": [key(generation, one) for one in lists]}
        found = await self._session.read_rows(neo4j_read.WATERMARKS, keys)
        return {UUID(row["id"]): row["offset"] for row in found}

    async def apply(self, generation: int, deltas: Sequence[Delta]) -> Mapping[UUID, int]:
        """Take in runs of entries of several lists in one transaction."""
        if not deltas:
            return {}
        return await self._session.write(
            lambda transaction: take_in(transaction, generation, deltas)
        )

    async def replace(self, generation: int, whole: ListGraph) -> None:
        """Take in a list as a whole, in one transaction.

        What is there of a large list is removed in another before that, in which its watermark goes
        to 0: one transaction that removes 10,000 todos and makes them takes three times as long.
        """

        async def remove(transaction: AsyncManagedTransaction) -> None:
            await take_out(transaction, generation, whole.id)

        async def work(transaction: AsyncManagedTransaction) -> None:
            await take_out(transaction, generation, whole.id)
            await take_in(transaction, generation, [as_delta(whole)])

        found = await self._session.read_rows(SIZE, {"key": key(generation, whole.id)})
        if found and found[0]["size"] > _LARGE:
            await self._session.write(remove)
        await self._session.write(work)

    async def read_list(self, generation: int, list_id: UUID) -> ListGraph | None:
        """Read back all that is there of a list."""
        return await self._session.read(
            lambda transaction: neo4j_read.read_list(transaction, generation, list_id)
        )

    # --- questions --------------------------------------------------------------------------------

    async def offset(self, list_id: UUID) -> int:
        """Give the watermark of a list in the generation that answers."""
        parameters = {**self._place, "list": str(list_id)}
        found = await self._session.read_rows(_OFFSET, parameters)
        return found[0]["offset"] if found else 0

    async def recommend(self, asker: str, now: int, limit: int) -> Recommendations:
        """Rank the todos that the asker can do now."""
        return await self._ask(neo4j_recommend.recommend, asker, now, limit)

    async def impact(self, asker: str, todo_id: UUID) -> Impact:
        """Find what waits for a todo."""
        return await self._ask(neo4j_dependencies.impact, asker, todo_id)

    async def dependencies(self, asker: str, list_id: UUID) -> ListDependencies | None:
        """Read a list's todos that have to do with a dependency."""
        return await self._ask(neo4j_dependencies.dependencies, asker, list_id)

    async def people(self, asker: str, list_id: UUID, limit: int) -> PeopleHints | None:
        """Say whom to invite, and whom to assign."""
        return await self._ask(neo4j_hints.people, asker, list_id, limit)

    async def hints(self, asker: str, list_id: UUID, title: str, limit: int) -> ListHints | None:
        """Suggest labels, and what is often added with such a todo."""
        return await self._ask(neo4j_hints.hints, asker, list_id, title, limit)

    async def _ask(self, question: Callable[..., Awaitable[T]], *about: object) -> T:
        return await self._session.read(
            lambda transaction: question(transaction, self._place, *about)
        )
