"""Let one process at a time build a graph anew, and another go on when it died."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from store.graph.neo4j_session import Rows, rows

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction

    from store.graph.neo4j_session import Neo4jSession

__all__ = ["LIFE_S", "Neo4jBuilder"]

LIFE_S: Final = 15
"""How long a lease holds that is not renewed, in seconds."""

_LOOK_S: Final = 1.0

_LOCK: Final = "MERGE (p:Projection {key: $graph}) SET p.locked = true FINISH"
_TAKE: Final = """
MATCH (p:Projection {key: $graph})
WHERE p.builder IS NULL OR p.builder = $holder OR p.alive < timestamp() - $life
SET p.builder = $holder, p.alive = timestamp()
RETURN p.alive AS alive
"""
_OTHER: Final = "MATCH (p:Projection {key: $graph}) RETURN p.alive AS alive"
_RENEW: Final = """
MATCH (p:Projection {key: $graph})
WHERE p.builder = $holder
SET p.alive = timestamp()
RETURN p.alive AS alive
"""
_RELEASE: Final = """
MATCH (p:Projection {key: $graph})
WHERE p.builder = $holder
REMOVE p.builder, p.alive
FINISH
"""


class Neo4jBuilder:
    """Hold the lease of building the graph named ``graph``; store.graph.rebuild.Lease is what.

    It stands in Neo4j, beside what it protects: whoever empties that ends the lease too. Time is
    the server's. Every method raises GraphUnavailable.
    """

    def __init__(
        self,
        session: Neo4jSession,
        graph: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._parameters = {"graph": graph, "holder": str(uuid.uuid4()), "life": LIFE_S * 1000}
        self._sleep = sleep

    async def take(self) -> bool:
        """Take it; False: another process holds it, and was seen to renew it.

        The lease of one that died is waited for, LIFE_S seconds at most.
        """
        first: int | None = None
        while True:
            mine, alive = await self._session.write(self._try)
            if mine:
                return True
            if first is not None and alive != first:
                return False
            first = alive
            await self._sleep(_LOOK_S)

    async def renew(self) -> bool:
        """Renew it; False: it is another's by now, or gone with all that was in the graph."""
        return bool(await self._session.write_rows(_RENEW, self._parameters))

    async def release(self) -> None:
        """Let go of it, so that nobody has to wait."""
        await self._session.write_rows(_RELEASE, self._parameters)

    async def _try(self, transaction: AsyncManagedTransaction) -> tuple[bool, int]:
        await rows(transaction, _LOCK, self._parameters)
        taken: Rows = await rows(transaction, _TAKE, self._parameters)
        (now,) = taken or await rows(transaction, _OTHER, self._parameters)
        return bool(taken), now["alive"]
