"""``lockstep doctor``: is everything that is configured there, and fit to serve."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from http_api.doctor.finding import Finding

__all__ = ["EXAMPLES", "doctor"]

EXAMPLES = """
\b
Examples:
  lockstep doctor                                  before the first start, and in trouble
  lockstep doctor --json | grep '"mark":"wrong"'   for machines: one object a line
  docker compose exec replica-1 lockstep doctor    where a container's settings are

\b
Each line is one thing:
  ok        as it should be
  warning   it works, and is rarely meant
  wrong     it does not work, or a promise of the service would not be kept

\b
Exit status:
  0   nothing is wrong (there may be warnings)
  1   something is wrong
  2   the command line is wrong
"""


def doctor(
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print one JSON object a line: mark, subject, says and advice."
        ),
    ] = False,
) -> None:
    """Check settings, files and every configured server, and say what to do about what is wrong.

    Run it as the user and with the environment of the service, running or not. It reads the same
    settings, asks PostgreSQL or looks into the SQLite file, has one message come back through
    Redis, asks Neo4j how far the graph is, and looks at keys, addresses, limits and room on this
    machine. It takes some seconds at most, whatever hangs; it changes and makes nothing, and
    prints no password, key or token.
    """
    from http_api.doctor.finding import exit_status, summary

    found: list[Finding] = []
    tell = _tell_machines if as_json else _printer()
    with _drivers_silent():
        asyncio.run(_examine(found, tell))
    if not as_json:
        typer.echo(summary(found))
    if status := exit_status(found):
        raise typer.Exit(status)


@contextlib.contextmanager
def _drivers_silent() -> Iterator[None]:
    """Keep what drivers say of each try out of the picture: it is said better there."""
    loggers = [logging.getLogger(name) for name in ("neo4j", "sqlalchemy", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


async def _examine(found: list[Finding], tell: Callable[[Finding], None]) -> None:
    from http_api.doctor.checks import checks_for
    from http_api.doctor.examination import examine
    from http_api.doctor.finding import wrong
    from http_api.settings import SettingsError, load_in_part

    try:
        settings, refused = load_in_part()
    except SettingsError as error:
        found.append(wrong("settings", str(error), "Nothing else was looked at: mend this first."))
        tell(found[-1])
        return
    async for one in examine(checks_for(settings, refused)):
        found.append(one)
        tell(one)


def _tell_machines(one: Finding) -> None:
    typer.echo(json.dumps(asdict(one), separators=(",", ":")))


def _printer() -> Callable[[Finding], None]:
    """Give what prints a line for people: in colour on a terminal, else plain and unbroken."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from http_api.doctor.finding import Mark
    from http_api.watch.words import clean

    styles = {Mark.OK: "green", Mark.WARNING: "yellow", Mark.WRONG: "bold red"}

    def tell(one: Finding) -> None:
        says, advice = clean(one.says, _LONGEST), clean(one.advice, _LONGEST)
        if not sys.stdout.isatty():
            rest = f". {advice}" if advice else ""
            typer.echo(f"{one.mark:<9}{one.subject}: {says.removesuffix('.')}{rest}")
            return
        line = Table.grid(Column(width=9), Column())
        line.add_row(
            Text(one.mark, styles[one.mark]), Text.assemble((one.subject, "bold"), f": {says}")
        )
        if advice:
            line.add_row("", Text(advice, "cyan"))
        Console(highlight=False, markup=False).print(line)

    return tell


_LONGEST = 1_000
