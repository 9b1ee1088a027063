"""``lockstep migrate``: the database schema to the newest revision."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

__all__ = ["migrate"]


def migrate(
    before: Annotated[
        bool,
        typer.Option(
            "--before",
            help="Only what the previous version bears, while its replicas still serve; run it "
            "again without this when they are gone.",
        ),
    ] = False,
) -> None:
    """Bring the database schema to the newest revision; safe to repeat.

    Uses LOCKSTEP_MIGRATE_DATABASE_URL, else LOCKSTEP_DATABASE_URL. With SQLite, `lockstep serve`
    does this by itself.
    """
    from sqlalchemy.exc import DBAPIError

    from http_api.cli.configured import read_settings, unreachable
    from store.migrate import migrate as run

    settings = read_settings()
    try:
        done = asyncio.run(
            run(settings.migrate_database, serving_url=settings.database, finish=not before)
        )
    except (OSError, DBAPIError) as error:
        raise unreachable(settings, error) from error
    if done.before == done.after:
        typer.echo(f"{settings.database_shown}: already at revision {done.after}.")
    else:
        typer.echo(f"{settings.database_shown}: {done.before or 'empty'} → {done.after}.")
