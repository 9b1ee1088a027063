"""Look at a PostgreSQL server as a whole, without writing: is it fit to serve, and for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from store.database import Pool
from store.engines import async_url
from store.log_read import read_epoch
from store.migrate import revision_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Condition", "Role", "look_at", "read_condition"]

_CONNECT_S: Final = 4.0
_LOOK_S: Final = 6.0

_ROLES = text(
    "SELECT rolname::text AS name, rolsuper OR rolbypassrls"
    " OR EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relkind = 'r') AS unbound,"
    " pg_has_role(session_user, oid, 'MEMBER') AS open"
    " FROM pg_roles WHERE rolname = session_user OR rolname = ANY(:names)"
)
_SERVER = text(
    "SELECT session_user::text AS login, current_database()::text AS database,"
    " current_setting('server_version_num')::int AS version,"
    " current_setting('server_version') AS version_shown,"
    " pg_is_in_recovery() AS standby, current_setting('server_encoding') AS encoding,"
    " current_setting('default_transaction_read_only') AS read_only,"
    " current_setting('fsync') AS fsync,"
    " current_setting('full_page_writes') AS full_page_writes,"
    " current_setting('synchronous_commit') AS synchronous_commit,"
    " current_setting('max_connections')::int"
    "  - current_setting('superuser_reserved_connections')::int"
    "  - coalesce(current_setting('reserved_connections', true), '0')::int AS connections,"
    " (SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user) AS login_connections,"
    " (SELECT datconnlimit FROM pg_database WHERE datname = current_database())"
    "  AS database_connections,"
    " pg_postmaster_start_time() AS started,"
    " CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
    "  - '0/0'::pg_lsn AS written"
)
_CLOCK = text("SELECT clock_timestamp()")


@dataclass(frozen=True, slots=True)
class Role:
    """Hold a role of the server.

    ``unbound``: row-level security does not bind it, for it is a superuser, may bypass it or owns
    tables. ``open``: the login may act as this role.
    """

    unbound: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """Hold what a login sees of its server.

    ``version`` as in server_version_num (150004: 15.4). ``roles`` those that the service acts as,
    by name, as far as they exist; ``login_unbound`` as Role.unbound, of the login itself.
    ``dangers`` are settings that are off and must not be. ``connections`` that this login may
    have in all. ``clock_s`` seconds that the server's clock is ahead of this machine's, at least;
    the time that the question took is taken off. ``revision`` None: there is no schema;
    ``readable`` False: there may be one, but this login may not look. ``epoch`` None: unknown.
    ``written`` bytes of its log that are written, or on a standby replayed.
    """

    login: str
    version: int
    version_shown: str
    standby: bool
    read_only: bool
    encoding: str
    login_unbound: bool
    roles: dict[str, Role]
    dangers: tuple[str, ...]
    connections: int
    clock_s: float
    started: datetime
    database: str
    written: int
    revision: str | None
    readable: bool
    epoch: str | None


@asynccontextmanager
async def look_at(url: str, bound_s: float = _LOOK_S) -> AsyncIterator[AsyncConnection]:
    """Connect as the login itself, in none of the service's roles, to look only.

    After ``bound_s`` seconds the connection is cut, whatever goes on. Raises what the driver
    raises, OSError, and ValueError or sqlalchemy's ArgumentError for a URL that is none.
    """
    engine = create_async_engine(
        async_url(url),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "timeout": _CONNECT_S,
            "server_settings": {
                "application_name": "lockstep doctor",
                "statement_timeout": "3000",
                "lock_timeout": "1000",
            },
        },
    )
    try:
        async with engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            cut = asyncio.get_running_loop().call_later(bound_s, raw.terminate)
            try:
                yield connection
            finally:
                cut.cancel()
                # Without a goodbye: a frozen server would not hear it.
                raw.terminate()
                await connection.invalidate()
    finally:
        await engine.dispose()


async def read_condition(
    url: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Condition:
    """Ask the server; raises as ``look_at`` does."""
    async with look_at(url) as connection:
        clock_s = await _compare_clocks(connection, now)
        server = (await connection.execute(_SERVER)).one()
        names = [pool.value for pool in Pool]
        rows = (await connection.execute(_ROLES, {"names": names})).all()
        roles = {row.name: Role(row.unbound, row.open) for row in rows}
        acting = roles.get(Pool.APP.value)
        if acting is not None and acting.open:  # a login may be let in without inheriting
            await connection.execute(text(f"SET ROLE {Pool.APP.value}"))
        dangers = ("fsync", "full_page_writes", "synchronous_commit")
        limits = (server.connections, server.login_connections, server.database_connections)
        revision, readable = await _unless_forbidden(revision_of, connection)
        epoch, _ = await _unless_forbidden(read_epoch, connection) if revision else (None, False)
        return Condition(
            login=server.login,
            version=server.version,
            version_shown=server.version_shown,
            standby=server.standby,
            read_only=server.read_only == "on",
            encoding=server.encoding,
            login_unbound=roles[server.login].unbound,
            roles={name: role for name, role in roles.items() if name in names},
            dangers=tuple(name for name in dangers if getattr(server, name) == "off"),
            connections=min(limit for limit in limits if limit >= 0),  # -1: no limit
            clock_s=clock_s,
            started=server.started,
            database=server.database,
            written=int(server.written),
            revision=revision,
            readable=readable,
            epoch=epoch,
        )


async def _compare_clocks(connection: AsyncConnection, now: Callable[[], datetime]) -> float:
    """Give the seconds that the server's clock is ahead; negative: behind."""
    before = now()
    theirs = (await connection.execute(_CLOCK)).scalar_one()
    after = now()
    if before <= theirs <= after:
        return 0.0
    return float((theirs - (after if theirs > after else before)).total_seconds())


async def _unless_forbidden(
    read: Callable[[AsyncConnection], Awaitable[str | None]], connection: AsyncConnection
) -> tuple[str | None, bool]:
    """Read; (None, False) when this login may not."""
    try:
        return await read(connection), True
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":  # insufficient_privilege
            raise
        return None, False
