"""Open the database for administration, without starting the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import NullPool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from http_api.cli.configured import read_settings, unreachable
from http_api.cli.failure import Failure
from store.accounts import Accounts
from store.engines import StoreSettings, async_url
from store.migrate import migrate, revision_of
from store.passwords import Passwords
from store.refresh_tokens import RefreshTokens
from store.revisions import Revisions
from store.sessions import Sessions
from store.store import open_store

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = ["Administration", "administration"]


@dataclass(frozen=True, slots=True)
class Administration:
    """Hold what administration works with.

    Running replicas learn of ended sessions from the control log, within a second.
    """

    accounts: Accounts
    sessions: Sessions


@asynccontextmanager
async def administration() -> AsyncIterator[Administration]:
    """Open the configured database for one command, and close it afterwards.

    A SQLite file is made and migrated first, as ``lockstep serve`` does. Raises Failure when
    the database cannot be used or PostgreSQL is not migrated, and the store's refusals.
    """
    settings = read_settings()
    if not settings.production:
        try:
            await migrate(settings.database)
        except (OSError, DBAPIError) as error:
            raise unreachable(settings, error) from error
    await _demand_schema(settings)
    store = await open_store(
        StoreSettings(
            settings.database, app_connections=1, auth_connections=1, fanout_connections=1
        )
    )
    passwords = Passwords(threads=1)
    try:
        # Administration issues no refresh tokens, so their key does not matter here.
        sessions = Sessions(store.database, RefreshTokens(bytes(32)))
        yield Administration(Accounts(store.database, store.epoch, passwords, sessions), sessions)
    finally:
        passwords.close()
        await store.aclose()


async def _demand_schema(settings: Settings) -> None:
    """Look at the revision before the pools open, which act as roles that the schema brings."""
    engine = create_async_engine(async_url(settings.database), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            revision = await revision_of(connection)
    except (OSError, DBAPIError) as error:
        raise unreachable(settings, error) from error
    finally:
        await engine.dispose()
    revisions = Revisions()
    if not revisions.suffices(revision):
        raise Failure(
            f"{settings.database_shown} is at revision {revision or 'none'}, this version needs "
            f"{revisions.needed}: run `lockstep migrate`."
        )
