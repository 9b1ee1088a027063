"""Look at a Neo4j server as a whole, without writing: is it fit, is the graph there, how far."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, LiteralString, Protocol

from neo4j import READ_ACCESS, AsyncGraphDatabase, Query

from store.graph.neo4j_schema import SCHEMA

if TYPE_CHECKING:
    from store.graph.neo4j_session import Neo4jSettings

__all__ = ["GraphCondition", "read_graph_condition", "read_graph_entries"]

_VERSION: Final = "CALL dbms.components() YIELD name, versions RETURN name, versions[0] AS version"
_CONSTRAINTS: Final = "SHOW CONSTRAINTS YIELD name RETURN name, 'ONLINE' AS state"
_INDEXES: Final = "SHOW INDEXES YIELD name, state RETURN name, state"
_GENERATION: Final = """
MATCH (p:Projection {key: $graph})
MATCH (g:Generation {number: p.generation})
WHERE g.dropped IS NULL
RETURN g.number AS number, g.epoch AS epoch
"""
_ENTRIES: Final = """
MATCH (l:List) WHERE l.key STARTS WITH $prefix
RETURN coalesce(sum(l.offset), 0) AS entries
"""
_ANSWER_S: Final = 6.0
_GOODBYE_S: Final = 0.5
# "CREATE CONSTRAINT lockstep_user IF NOT EXISTS ..."
_NAMES: Final = frozenset(text.split()[2] for text in SCHEMA)


class _Ask(Protocol):
    async def __call__(
        self, statement: LiteralString, **parameters: str
    ) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class GraphCondition:
    """Hold what can be seen of the server and of the graph that the settings name.

    ``version`` as the server spells it. ``missing`` are constraints and indexes that are not
    there, ``unready`` those that do not answer yet. ``generation`` answers questions, None: there
    is no graph yet; ``epoch`` names the database that it was made of.
    """

    version: str
    missing: tuple[str, ...]
    unready: tuple[str, ...]
    generation: int | None
    epoch: str | None


async def read_graph_condition(
    settings: Neo4jSettings, answer_s: float = _ANSWER_S
) -> GraphCondition:
    """Ask the server, so many seconds at most.

    Raises TimeoutError, OSError, and the driver's own: neo4j.exceptions, ValueError for a URL that
    it does not take.
    """
    async with _asking(settings, answer_s) as ask:
        version = await ask(_VERSION)
        found = [*await ask(_CONSTRAINTS), *await ask(_INDEXES)]
        there = {row["name"] for row in found}
        generations = await ask(_GENERATION, graph=settings.graph)
    online = {row["name"] for row in found if row["state"] == "ONLINE"}
    return GraphCondition(
        version=next((row["version"] for row in version if "Kernel" in row["name"]), ""),
        missing=tuple(sorted(_NAMES - there)),
        unready=tuple(sorted((there & _NAMES) - online)),
        generation=generations[0]["number"] if generations else None,
        epoch=generations[0]["epoch"] if generations else None,
    )


async def read_graph_entries(
    settings: Neo4jSettings, generation: int, answer_s: float = _ANSWER_S
) -> int:
    """Count the entries of all lists' logs that are in; raises as ``read_graph_condition`` does."""
    async with _asking(settings, answer_s) as ask:
        (row,) = await ask(_ENTRIES, prefix=f"{generation}:")
        return int(row["entries"])


@asynccontextmanager
async def _asking(settings: Neo4jSettings, answer_s: float) -> AsyncIterator[_Ask]:
    """Open a driver for one look; not Neo4jSession, which would write into the log."""
    driver = AsyncGraphDatabase.driver(
        settings.url,
        auth=None if settings.user is None else (settings.user, settings.password),
        max_connection_pool_size=1,
        connection_timeout=settings.connect_s,
        notifications_min_severity="OFF",
        warn_notification_severity="OFF",
        telemetry_disabled=True,
        user_agent="lockstep doctor",
    )

    async def ask(statement: LiteralString, **parameters: str) -> list[dict[str, Any]]:
        async with driver.session(
            database=settings.database, default_access_mode=READ_ACCESS
        ) as session:
            query = Query(statement, timeout=answer_s)
            return await (await session.run(query, parameters)).data()

    try:
        async with asyncio.timeout(answer_s):
            yield ask
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await driver.close()
