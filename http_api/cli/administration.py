"""Open the database for administration, without starting the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from http_api.cli.configured import read_settings
from http_api.cli.failure import Failure
from store.accounts import Accounts
from store.database import Pool
from store.engines import StoreSettings
from store.migrate import migrate, newest_revision, revision_of
from store.passwords import Passwords
from store.refresh_tokens import RefreshTokens
from store.sessions import Sessions
from store.store import open_store

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
    PostgreSQL is not migrated, and the store's refusals.
    """
    settings = read_settings()
    if not settings.production:
        await migrate(settings.database)
    store = await open_store(
        StoreSettings(
            settings.database, app_connections=1, auth_connections=1, fanout_connections=1
        )
    )
    passwords = Passwords(threads=1)
    try:
        revision = await store.database.transact(Pool.APP, None, revision_of, read_only=True)
        if revision != newest_revision():
            raise Failure(
                f"{settings.database_shown} is at revision {revision}, this version needs "
                f"{newest_revision()}: run `lockstep migrate`."
            )
        # Administration issues no refresh tokens, so their key does not matter here.
        sessions = Sessions(store.database, RefreshTokens(bytes(32)))
        yield Administration(Accounts(store.database, store.epoch, passwords, sessions), sessions)
    finally:
        passwords.close()
        await store.aclose()
