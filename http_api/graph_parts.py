"""Open the graph that the settings name, and keep it up with the logs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from http_api.settings import Settings
    from store.graph.graph import Graph
    from store.graph.neo4j_session import Neo4jSettings
    from store.graph.projector import Projector

__all__ = ["keep_up", "neo4j_settings", "open_graph"]


# No question waits for a connection for longer: there are more of these than questions at a time.
_CONNECTION_S: Final = 1.0


@asynccontextmanager
async def open_graph(
    settings: Settings, *, read_s: float = 5.0, asked_of: str | None = None
) -> AsyncIterator[Graph]:
    """Open Neo4j or the graph of this process; nothing is connected before the first question.

    ``read_s`` seconds bound a question to Neo4j: whoever reads whole lists needs more than users.
    ``asked_of``: it answers people's questions about the database of this epoch, each given up in
    time for an earlier answer.
    """
    graph = _graph(settings, read_s, asked_of)
    try:
        yield graph
    finally:
        await graph.aclose()


def _graph(settings: Settings, read_s: float, asked_of: str | None) -> Graph:
    if settings.neo4j_url is None:
        from store.graph.graph_memory import MemoryGraph  # noqa: PLC0415 - one of the two

        return MemoryGraph()
    # Here, because the driver takes 0.2 s to import and the embedded default has no use for it.
    from store.graph.graph_neo4j import Neo4jGraph  # noqa: PLC0415

    made = replace(neo4j_settings(settings), read_s=read_s)
    if asked_of is not None:
        seconds = float(settings.graph_answer_s)
        made = replace(
            made, epoch=asked_of, read_s=seconds, give_up_s=seconds, acquire_s=_CONNECTION_S
        )
    return Neo4jGraph(made)


def neo4j_settings(settings: Settings) -> Neo4jSettings:
    """Say where Neo4j is; there must be one in the settings."""
    from store.graph.neo4j_session import Neo4jSettings  # noqa: PLC0415 - as above

    url, password = settings.neo4j_url, settings.neo4j_password
    return Neo4jSettings(
        url="" if url is None else url.get_secret_value(),
        user=settings.neo4j_user,
        password="" if password is None else password.get_secret_value(),
        graph=settings.namespace,
        failures=settings.graph_failures,
        probe_after_s=settings.graph_pause_s,
    )


@asynccontextmanager
async def keep_up(projector: Projector) -> AsyncIterator[None]:
    """Project beside everything else, until the end of the block."""
    task = asyncio.create_task(projector.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
