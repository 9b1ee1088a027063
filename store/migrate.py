"""Bring a database to the newest revision of the schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alembic import command
from alembic.migration import MigrationContext
from sqlalchemy import make_url, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from store.engines import async_url, make_directory
from store.revisions import Revisions, config_for

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Migration", "migrate", "revision_of"]

# Any constant will do, as long as two migrations of one database take the same lock.
_LOCK = 7_205_759_403

_MAKE_ROLE = """
DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
"""
_ROLES = (
    "lockstep_owner",
    "lockstep_app",
    "lockstep_auth",
    "lockstep_fanout",
    "lockstep_worker",
)


@dataclass(frozen=True, slots=True)
class Migration:
    """Say which revisions a migration led from and to; ``before`` None: an empty database."""

    before: str | None
    after: str


async def migrate(url: str, *, serving_url: str | None = None, finish: bool = True) -> Migration:
    """Apply every missing revision; safe to call at any time and from several places at once.

    On PostgreSQL ``url`` is a login that may create roles; tables belong to the role
    ``lockstep_owner``, and the login of ``serving_url`` (None: the same) may enter the roles that
    the service acts as. ``finish`` False stops before the *after* halves of the newest version,
    which its previous one does not bear (store.revisions). Raises ValueError for a URL of another
    kind.
    """
    place = async_url(url)
    if place.get_backend_name() == "sqlite":
        make_directory(place)
    revisions = Revisions()
    engine = create_async_engine(place, poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            if place.get_backend_name() == "postgresql":
                await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
                await _make_roles(connection, make_url(serving_url or url).username)
            before = await connection.run_sync(_current)
            if finish or not revisions.suffices(before):
                target = revisions.newest if finish else revisions.needed
                if before is None or before in revisions.names:
                    await connection.run_sync(_upgrade, target)
            after = await connection.run_sync(_current)
            await connection.commit()
    finally:
        await engine.dispose()
    return Migration(before, after or "")


async def _make_roles(connection: AsyncConnection, serving: str | None) -> None:
    """Make the roles, once a cluster, and become the one that owns the tables."""
    for role in _ROLES:
        await connection.execute(text(_MAKE_ROLE.format(role=role)))
    quote = connection.dialect.identifier_preparer.quote
    for login in {"CURRENT_USER", quote(serving) if serving else "CURRENT_USER"}:
        roles = ", ".join(_ROLES if login == "CURRENT_USER" else _ROLES[1:])
        await connection.execute(text(f"GRANT {roles} TO {login}"))
    await connection.execute(text("GRANT USAGE, CREATE ON SCHEMA public TO lockstep_owner"))
    await connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {', '.join(_ROLES[1:])}"))
    await connection.commit()
    await connection.execute(text("SET ROLE lockstep_owner"))


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, target: str) -> None:
    command.upgrade(config_for(connection), target)


async def revision_of(connection: AsyncConnection) -> str | None:
    """Name the revision that the database is at; None when it has none."""
    return await connection.run_sync(_current)
