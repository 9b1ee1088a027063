"""Open the engines: PostgreSQL through asyncpg, SQLite through aiosqlite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from store.database import Database, Pool

__all__ = ["StoreSettings", "async_url", "make_directory", "open_database", "open_standby"]

# Limits of the server itself, set for the connection because ALTER ROLE ... SET binds logins only.
_SERVER_LIMITS = {
    "statement_timeout": "3000",
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "5000",
    "client_connection_check_interval": "1000",
    "application_name": "lockstep",
    "jit": "off",  # compiling costs more than these short statements take
    # Few statements, always the same, each with policies to plan: planning them anew for each
    # call measured 820 us a write against 270 us.
    "plan_cache_mode": "force_generic_plan",
}


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Say where the truth is kept and how many connections each pool may hold.

    ``deadline_s`` bounds every transaction; ``pool_timeout_s`` the wait for a connection.
    ``standby_url`` names a PostgreSQL that replicates the first one, for large reads; None: there
    is none.
    """

    database_url: str
    app_connections: int = 10
    auth_connections: int = 3
    fanout_connections: int = 5
    pool_timeout_s: float = 2.0
    deadline_s: float = 5.0
    standby_url: str | None = None

    @property
    def connections(self) -> int:
        """Count what one process may have open to the first server at once."""
        return sum(self.sizes.values())

    @property
    def sizes(self) -> dict[Pool, int]:
        """Give the size of each pool."""
        return {
            Pool.APP: self.app_connections,
            Pool.AUTH: self.auth_connections,
            Pool.FANOUT: self.fanout_connections,
            Pool.WORKER: 1,
        }


def async_url(url: str) -> URL:
    """Name the asyncio driver in a ``postgresql://`` or ``sqlite://`` URL.

    Raises ValueError, with what is allowed, for any other.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "postgres":
        backend = "postgresql"
    drivers = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
    if backend not in drivers or (backend == "sqlite" and not parsed.database):
        message = (
            "the database URL must look like postgresql://user:password@host:5432/name "
            "or sqlite:////absolute/path.db"
        )
        raise ValueError(message)
    return parsed.set(drivername=drivers[backend])


def make_directory(url: URL) -> None:
    """Make the directory of a SQLite file if it is missing, for its owner alone; raises OSError.

    The file has password hashes in it, and SQLite leaves it readable for everybody.
    """
    Path(str(url.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_database(settings: StoreSettings) -> Database:
    """Build the pools; nothing is connected until the first transaction."""
    url = async_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, settings)
    engines = {
        pool: _postgresql_engine(url, pool, size, settings) for pool, size in settings.sizes.items()
    }
    return Database(engines, deadline_s=settings.deadline_s)


def open_standby(settings: StoreSettings) -> Database | None:
    """Build the pools of the standby, which is only read in users' names; None: there is none."""
    if settings.standby_url is None:
        return None
    url = async_url(settings.standby_url)
    size = settings.app_connections
    return Database(
        {Pool.APP: _postgresql_engine(url, Pool.APP, size, settings)},
        deadline_s=settings.deadline_s,
    )


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _postgresql_engine(url: URL, pool: Pool, size: int, settings: StoreSettings) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        pool_recycle=1800,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": settings.pool_timeout_s,
            # The start-up parameter makes the role the session's own default: RESET ALL keeps it,
            # and row-level security then binds even a superuser's login.
            "server_settings": {**_SERVER_LIMITS, "role": pool.value},
        },
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def _on_checkout(connection: Any, _record: Any, _fairy: Any) -> None:
        # A restart ends every connection in the pool. The driver has heard of it, so no ping is
        # needed, and none of the next callers has to fail to find it out: the pool connects anew.
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    return engine


def _open_sqlite(url: URL, settings: StoreSettings) -> Database:
    make_directory(url)
    writer = _sqlite_engine(url, 1, settings, begin="BEGIN IMMEDIATE")
    reader = _sqlite_engine(url, 4, settings, begin="BEGIN")
    return Database(
        dict.fromkeys(Pool, writer),
        reading=dict.fromkeys(Pool, reader),
        deadline_s=settings.deadline_s,
    )


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _sqlite_engine(url: URL, size: int, settings: StoreSettings, *, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        # SQLite's own knows the case of ASCII alone (sqlite.org/lang_corefunc.html#lower).
        connection.create_function("lower", 1, _lower, deterministic=True)
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # a commit survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=2000")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
