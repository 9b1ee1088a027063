"""Keep several graphs beside one another in one database of Neo4j, and one that answers."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, LiteralString

from store.graph.graph import GenerationGone
from store.graph.neo4j_session import rows

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

    from store.graph.neo4j_session import Neo4jSession

__all__ = ["Generations"]

# What one transaction removes: short enough for everyone else's locks and the server's memory.
_STEP: Final = 1_000

# Drawn, not counted: a server that was emptied, or another one at the same address, would count
# from 1 again, and whoever remembers the watermarks of an earlier 1 would take them for its. Of the
# whole database, so that no two graphs in it have a key in common; keys begin with it, so it is
# short: 13 digits at most.
_BITS: Final = 40

_ACTIVE: Final = """
MATCH (p:Projection {key: $graph})
MATCH (g:Generation {number: p.generation})
WHERE g.dropped IS NULL
RETURN g.number AS number, g.epoch AS epoch
"""
_BEGIN: Final = "CREATE (:Generation {number: $number, epoch: $epoch, name: $graph}) FINISH"
_LOCK: Final = "MERGE (p:Projection {key: $graph}) SET p.locked = true FINISH"
_SWITCH: Final = """
MATCH (g:Generation {number: $number})
WHERE g.dropped IS NULL
MERGE (p:Projection {key: $graph})
SET p.generation = g.number
RETURN g.number AS number
"""
_OTHERS: Final = """
MATCH (g:Generation)
WHERE g.name = $graph AND g.number <> $number
RETURN g.number AS number
ORDER BY number
"""
# From then on nobody writes there; the number stays until nothing of it is left.
_DROPPED: Final = "MATCH (g:Generation {number: $number}) SET g.dropped = true RETURN g.number"
_DROP: Final[tuple[LiteralString, ...]] = (
    "MATCH (n:Todo) WHERE n.key STARTS WITH $prefix",
    "MATCH (n:Label) WHERE n.key STARTS WITH $prefix",
    "MATCH (n:Term) WHERE n.key STARTS WITH $prefix",
    "MATCH (n:List) WHERE n.key STARTS WITH $prefix",
    "MATCH (n:User) WHERE n.key STARTS WITH $prefix",
    "MATCH (n:Generation {number: $number})",
)
_STEP_OF_DROP: Final = " WITH n LIMIT $step DETACH DELETE n RETURN count(*) AS count"


class Generations:
    """Number, switch and remove the generations of the graph named ``graph``.

    ``make_ready`` makes the schema; none is begun without it, for the server may have been emptied
    since this process started. Raises GraphUnavailable.
    """

    def __init__(
        self, session: Neo4jSession, graph: str, make_ready: Callable[[], Awaitable[None]]
    ) -> None:
        self._session = session
        self._graph = graph
        self._make_ready = make_ready

    async def answering(self, epoch: str) -> int | None:
        """Give the one that answers; None: there is none, or it is of another epoch."""
        return await self._session.read(lambda transaction: self._look(transaction, epoch))

    async def active(self, epoch: str) -> int:
        """Give the one that answers; of another epoch or missing: a new one takes its place."""

        async def replace(transaction: AsyncManagedTransaction) -> int:
            # Another process may do the same: whoever has the lock first makes it.
            await rows(transaction, _LOCK, {"graph": self._graph})
            number = await self._look(transaction, epoch)
            if number is None:
                number = await self._begin(transaction, epoch)
                await rows(transaction, _SWITCH, {"graph": self._graph, "number": number})
            return number

        number = await self.answering(epoch)
        if number is None:
            await self._make_ready()
            number = await self._session.write(replace)
        return number

    async def begin(self, epoch: str) -> int:
        """Make a new one that answers nothing yet."""
        await self._make_ready()
        return await self._session.write(lambda transaction: self._begin(transaction, epoch))

    async def switch(self, number: int) -> None:
        """Let this one answer from now on. Raises GenerationGone."""
        parameters = {"graph": self._graph, "number": number}
        if not await self._session.write_rows(_SWITCH, parameters):
            raise GenerationGone(number)

    async def others(self, number: int) -> tuple[int, ...]:
        """Give all but this one."""
        parameters = {"graph": self._graph, "number": number}
        found = await self._session.read_rows(_OTHERS, parameters)
        return tuple(row["number"] for row in found)

    async def drop(self, number: int) -> None:
        """Remove one, a thousand nodes at a time; the one that answers is left alone."""
        parameters = {"graph": self._graph, "number": number, "prefix": f"{number}:", "step": _STEP}
        active = await self._session.read_rows(_ACTIVE, parameters)
        if active and active[0]["number"] == number:
            return
        await self._session.write_rows(_DROPPED, parameters)
        for match in _DROP:
            text: LiteralString = match + _STEP_OF_DROP
            while True:
                (done,) = await self._session.write_rows(text, parameters)
                if done["count"] < _STEP:
                    break

    async def _look(self, transaction: AsyncManagedTransaction, epoch: str) -> int | None:
        found = await rows(transaction, _ACTIVE, {"graph": self._graph})
        return next((row["number"] for row in found if row["epoch"] == epoch), None)

    async def _begin(self, transaction: AsyncManagedTransaction, epoch: str) -> int:
        number = secrets.randbits(_BITS)
        await rows(transaction, _BEGIN, {"graph": self._graph, "epoch": epoch, "number": number})
        return number
