"""Check the graph: Neo4j, where it is set, and how far it is."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from neo4j.exceptions import ConfigurationError

from http_api.doctor.address import address_of
from http_api.doctor.finding import Finding, ok, warning, wrong
from http_api.graph_parts import neo4j_settings
from store.condition import look_at
from store.graph.neo4j_condition import read_graph_condition, read_graph_entries
from store.graph.progress import read_progress
from store.sqlite_condition import read_sqlite_condition, sqlite_path

if TYPE_CHECKING:
    from http_api.settings import Settings
    from store.graph.neo4j_condition import GraphCondition
    from store.graph.progress import Progress

__all__ = ["check_neo4j", "judge", "judge_progress", "why_away"]

_OLDEST: Final = (5, 26)
_WORKER: Final = "Start `lockstep worker`, which makes and fills it."
# Usually the graph is a tenth of a second behind.
_PATIENCE: Final = (0.2, 0.5, 1.0)


async def check_neo4j(settings: Settings) -> list[Finding]:
    """Ask the server, and judge what is found; one line when that fails."""
    made = neo4j_settings(settings)
    shown = f"Neo4j at {address_of(made.url)}"
    try:
        found = await read_graph_condition(made)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what there is to say
        why, advice = why_away(error)
        return [wrong("neo4j", f"{shown} {why}", advice)]
    return [ok("neo4j", f"{shown} answers"), *judge(found), *await _progress(found, settings)]


def judge(found: GraphCondition) -> list[Finding]:
    """Judge what can be seen of the server: one line for each thing. Pure."""
    return [_version(found.version), _schema(found)]


def judge_progress(
    found: GraphCondition, progress: Progress, behind: int, *, workers_wanted: bool
) -> Finding:
    """Judge how far the graph is and who brings it forward. Pure.

    ``behind`` entries are not in that were written a while ago. ``workers_wanted``: a process of
    its own keeps it up, as with PostgreSQL.
    """
    subject = "graph contents"
    if workers_wanted and not progress.workers:
        return wrong(
            subject,
            f"no worker keeps the graph up, which is {_entries(behind)} behind",
            "Start `lockstep worker`; its log says why it ended.",
        )
    if found.generation is None or found.epoch != progress.epoch:
        return warning(
            subject,
            "there is no graph yet of this database: questions to it are refused meanwhile",
            "Wait a moment; the log of `lockstep worker` says what it does.",
        )
    if behind > 0:
        return warning(
            subject,
            f"{_entries(behind)} behind the lists: answers are marked as stale",
            "Wait, if it is being filled; else see the log of `lockstep worker`, and run "
            "`lockstep graph check`.",
        )
    by = f", kept up by {progress.workers} of `lockstep worker`" if workers_wanted else ""
    return ok(subject, f"has {_entries(progress.entries)} of {progress.lists} lists{by}")


def _entries(count: int) -> str:
    return f"{count:,} entries" if count != 1 else "1 entry"


def _version(version: str) -> Finding:
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < _OLDEST:
        return wrong(
            "neo4j version",
            f"Neo4j {version or 'of an unknown version'} is too old",
            "Lockstep needs Neo4j 5.26 or newer: upgrade the server.",
        )
    return ok("neo4j version", f"Neo4j {version}")


def _schema(found: GraphCondition) -> Finding:
    subject = "neo4j schema"
    if found.missing:
        return wrong(subject, f"{len(found.missing)} constraints or indexes are not there", _WORKER)
    if found.unready:
        return warning(
            subject,
            f"{', '.join(found.unready)} not ready: questions are slow",
            "Wait until it is built; if it stays so, Neo4j's log says why.",
        )
    return ok(subject, "constraints and indexes are there")


async def _progress(found: GraphCondition, settings: Settings) -> list[Finding]:
    """Compare graph and logs, twice where it is behind; nothing when the database does not tell."""
    if found.missing:
        return []  # said already, and with the same way out
    try:
        progress = await _read_logs(settings)
        behind = await _behind(found, progress, settings)
    except Exception:  # noqa: BLE001 - the database has lines of its own
        return []
    return [judge_progress(found, progress, behind, workers_wanted=settings.production)]


async def _read_logs(settings: Settings) -> Progress:
    if not settings.production:
        kept = await asyncio.to_thread(read_sqlite_condition, sqlite_path(settings.database))
        return kept.progress
    async with look_at(settings.database) as connection:
        return await read_progress(connection)


async def _behind(found: GraphCondition, progress: Progress, settings: Settings) -> int:
    """Count the entries that are not in, asking again: who follows is always a moment behind."""
    if found.generation is None or found.epoch != progress.epoch:
        return progress.entries
    made = neo4j_settings(settings)
    behind = progress.entries - await read_graph_entries(made, found.generation)
    for pause_s in _PATIENCE:
        if behind <= 0:
            break
        await asyncio.sleep(pause_s)
        behind = progress.entries - await read_graph_entries(made, found.generation)
    return max(0, behind)


def why_away(error: Exception) -> tuple[str, str]:
    """Say why Neo4j cannot be used, and what to do; nothing that it was told or that it said."""
    code = str(getattr(error, "code", None) or "")
    start = "Start Neo4j, or mend host and port in LOCKSTEP_NEO4J_URL."
    if code.startswith("Neo.ClientError.Security."):
        return "does not let us in", (
            "LOCKSTEP_NEO4J_USER and LOCKSTEP_NEO4J_PASSWORD must be a login of that server; with "
            "none, it must have authentication off."
        )
    if code == "Neo.ClientError.Database.DatabaseNotFound":
        return "is still starting, or has no database neo4j", "Wait a moment and look again."
    if code:
        return f"refuses ({code})", "The log of Neo4j says why."
    match error:
        case TimeoutError():
            return "does not answer in time", (
                "See whether the server is stopped or overloaded, and whether a firewall drops "
                "what is sent to it."
            )
        case ConfigurationError() | ValueError():
            return "has an address that cannot be read", (
                "LOCKSTEP_NEO4J_URL must look like bolt://host:7687 or neo4j://host:7687."
            )
        case _:
            return "cannot be reached, or does not speak Bolt", start
