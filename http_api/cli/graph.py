"""``lockstep graph …``: build Neo4j's graph anew, compare it with the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from http_api.cli.failure import Failure, SpokenGroup

if TYPE_CHECKING:
    from store.errors import GraphUnavailable
    from store.graph.check import Checked
    from store.graph.graph import Graph
    from store.graph.rebuild import Lease, Rebuilt
    from store.graph.source import GraphSource

__all__ = ["EXAMPLES", "graph_app"]

T = TypeVar("T")

# A list of 10,000 todos with all their labels and terms takes more than 5 s on a busy machine.
_READ_S: Final = 60.0
_MOST_LINES: Final = 20
# Questions to the old graph are given up after 2 s, unless LOCKSTEP_GRAPH_ANSWER_S says otherwise.
_GRACE_S: Final = 3.0

EXAMPLES = """
\b
Examples:
  lockstep graph check               compare every list, mend those that differ
  lockstep graph check --dry-run     only compare, write nothing; status 1 when not all is right
  lockstep graph rebuild             build everything anew beside the old, then switch
"""

graph_app = typer.Typer(cls=SpokenGroup, no_args_is_help=True, rich_markup_mode=None)


@graph_app.command("rebuild", short_help="Build the graph anew and switch to it.")
def rebuild() -> None:
    """Build the graph anew from the lists' logs, beside the one in use, then switch to it.

    Questions are answered and lists are written to meanwhile. Safe to break off and to repeat;
    a second one at the same time is refused, with status 1.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )

    from store.graph.rebuild import rebuild as run

    async def work(source: GraphSource, graph: Graph) -> Rebuilt:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        ) as bar:
            tasks: dict[str, TaskID] = {}

            def told(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what)
                bar.update(tasks[what], completed=done, total=total)

            return await run(source, graph, told, _lease(graph), grace_s=_GRACE_S)

    made = _with_graph(work)
    typer.echo(
        f"Generation {made.generation}: {made.lists} lists, {made.entries} entries."
        + (f" Removed {len(made.dropped)} old." if made.dropped else "")
    )


@graph_app.command("check", short_help="Compare the graph with the database.")
def check(
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing; status 1 when a list differs or is behind."),
    ] = False,
) -> None:
    """Compare counts and a hash of every list in the graph with the database; mend what differs.

    A list that cannot be read is named, and the others are compared: status 1.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from store.graph.check import check as run

    async def work(source: GraphSource, graph: Graph) -> Checked:
        with Progress(
            TextColumn("lists compared: {task.completed}"), BarColumn(), TimeElapsedColumn()
        ) as bar:
            task = bar.add_task("lists", total=None)
            return await run(
                source, graph, lambda done: bar.update(task, completed=done), repair=not dry_run
            )

    lines, status = _report(_with_graph(work, start=not dry_run), dry_run=dry_run)
    for line in lines:
        typer.echo(line)
    if status:
        raise typer.Exit(status)


def _report(found: Checked, *, dry_run: bool) -> tuple[list[str], int]:
    """Say what a check found, and with which status it ends: 1 when something is left to do."""
    lines = []
    for one in found.differences:
        graph = "nothing" if one.graph is None else f"{one.graph.todos} todos"
        lines.append(
            f"{one.list_id}: {one.database.todos} todos in the database, {graph} in the graph"
        )
    # Of a graph that was emptied it is all of them, for one reason.
    lines += [
        f"{list_id}: not in the graph up to its end" for list_id in found.behind[:_MOST_LINES]
    ]
    lines += [f"{list_id}: not compared: {why}" for list_id, why in found.unread.items()]
    verb = "differ" if dry_run else "were mended"
    lines.append(
        f"{found.lists - len(found.unread)} lists compared, {len(found.differences)} {verb}."
    )
    if found.behind:
        lines.append(
            f"{len(found.behind)} are behind and stay so: is `lockstep worker` running? "
            "Without --dry-run they are brought forward."
        )
    if found.unread:
        lines.append(f"{len(found.unread)} could not be compared: run it again.")
    left = found.unread or found.behind or (dry_run and found.differences)
    return lines, 1 if left else 0


def _with_graph(work: Callable[[GraphSource, Graph], Awaitable[T]], *, start: bool = True) -> T:
    from http_api.cli.configured import read_settings
    from http_api.graph_parts import open_graph
    from http_api.parts import StartError, open_ready_store
    from store.errors import GraphUnavailable
    from store.graph.source import GraphSource

    settings = read_settings()
    if settings.neo4j_url is None:
        raise Failure(
            "The graph is kept in the process and made from the lists when it is asked: there is "
            "nothing to do. Set LOCKSTEP_NEO4J_URL to keep it in Neo4j.",
            exit_status=2,
        )

    # What the driver says of each try tears the progress bar; the end of it is said below.
    logging.getLogger("neo4j").setLevel(logging.ERROR)

    async def run() -> T:
        store = await open_ready_store(settings)
        try:
            async with open_graph(settings, read_s=_READ_S) as graph:
                if start:
                    await graph.start()
                return await work(GraphSource(store), graph)
        finally:
            await store.aclose()

    try:
        return asyncio.run(run())
    except StartError as error:
        raise Failure(str(error)) from error
    except GraphUnavailable as error:
        raise Failure(_why(error)) from error


def _lease(graph: Graph) -> Lease | None:
    from store.graph.graph_neo4j import Neo4jGraph

    return graph.builder() if isinstance(graph, Neo4jGraph) else None


def _why(error: GraphUnavailable) -> str:
    """Say what to look at: here the operator reads it, who may know how Neo4j is set up."""
    cause = error.__cause__
    code = str(getattr(cause, "code", None) or "")
    if code.startswith("Neo.ClientError.Security."):
        return (
            "Neo4j does not let us in: LOCKSTEP_NEO4J_USER and LOCKSTEP_NEO4J_PASSWORD must be a "
            "login of the server that LOCKSTEP_NEO4J_URL names."
        )
    said = f" ({code or type(cause).__name__})" if cause is not None else ""
    return (
        f"Neo4j does not answer{said}: is it running where LOCKSTEP_NEO4J_URL says? "
        "`lockstep doctor` looks closer."
    )
