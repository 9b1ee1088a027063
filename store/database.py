"""Guard the boundary to the database: every transaction is owned, bounded and translated.

Three traps of the drivers are answered here by construction. The row-level-security identity is
set explicitly as the first statement, never in an event listener, and the work runs in a task of
its own that no caller can cancel, so a connection cannot return to the pool in a transaction
(SQLAlchemy issue 13381). A deadline ends in ``terminate()``, never ``close()``, because asyncpg's
``close`` may wait for a frozen server (asyncpg pull 1361). A lost connection during COMMIT is
reported as unknown, not as failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from store.errors import OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

__all__ = ["Database", "Pool"]

T = TypeVar("T")

_SET_IDENTITY = text("SELECT set_config('app.user_id', :identity, true)")

# SQLSTATE classes that say "not now" rather than "wrong": connection lost (08), serialization and
# deadlock (40), resources (53), lock timeout and object in use (55), operator intervention such
# as shutdown and statement timeout (57), system error (58).
_NOT_NOW = "The database does not answer right now; try again shortly."
_PASSING_STATES = ("08", "40", "53", "55", "57", "58")


class Pool(Enum):
    """Name the pools, each of which acts as a database role of its own.

    APP acts for one user under row-level security; AUTH keeps credentials and sessions; FANOUT
    reads logs and memberships for many users at once; WORKER empties the trash.
    """

    APP = "lockstep_app"
    AUTH = "lockstep_auth"
    FANOUT = "lockstep_fanout"
    WORKER = "lockstep_worker"


class _Work:
    """Follow one transaction from outside: which connection it holds and how far it got."""

    __slots__ = ("committing", "connection", "expired")

    def __init__(self) -> None:
        self.connection: Any = None
        self.committing = False
        self.expired = False

    def expire(self) -> None:
        """Cut the connection; the statement that waits on it fails at once."""
        self.expired = True
        if self.connection is not None:
            self.connection.terminate()


class Database:
    """Run units of work, each in one transaction.

    ``engines`` gives each pool its engine; ``reading`` the engines for read-only work where they
    differ (SQLite has one writer and several readers). ``deadline_s`` bounds each transaction as a
    whole, waiting for a connection included.
    """

    def __init__(
        self,
        engines: Mapping[Pool, AsyncEngine],
        *,
        reading: Mapping[Pool, AsyncEngine] | None = None,
        deadline_s: float = 5.0,
    ) -> None:
        self._engines = engines
        self._reading = reading or engines
        self._deadline_s = deadline_s
        self._tasks: set[asyncio.Task[Any]] = set()
        self.is_postgresql = engines[Pool.APP].dialect.name == "postgresql"
        # SQLite has one writer; queueing here keeps the order fair and the error a clear one.
        self._writer = None if self.is_postgresql else asyncio.Lock()

    async def transact(
        self,
        pool: Pool,
        identity: UUID | None,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        read_only: bool = False,
    ) -> T:
        """Run ``work`` in one transaction, commit it, and return what it returned.

        ``identity`` is the user in whose name row-level security judges; None: nobody, who sees
        nothing in the APP pool. ``read_only`` work sees one snapshot throughout. Any exception of
        ``work`` rolls back and comes out as it is. Raises Unavailable (nothing was written) or
        OutcomeUnknown (lost during COMMIT). When the caller is cancelled the transaction still
        runs to its end.
        """
        task = asyncio.create_task(self._guard(pool, identity, work, read_only=read_only))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def call(self, pool: Pool, statement: str, *arguments: Sequence[Any]) -> list[Any]:
        """Run one statement for each of ``arguments``, all in one transaction and one round trip.

        On the driver's own connection, for the few hot statements: a fifth of the time that a unit
        of work takes. Returns the first value of each first row. PostgreSQL only. Call it from a
        task that no request cancels. Raises Unavailable (not written), OutcomeUnknown (lost while
        it ran), or the driver's error when the server refused one of them, and with it all.
        """

        async def use(driver: Any) -> list[Any]:
            if len(arguments) == 1:
                return [await driver.fetchval(statement, *arguments[0])]
            return [row[0] for row in await driver.fetchmany(statement, arguments)]

        return await self._drive(pool, use, writes=True)

    async def fetch(self, pool: Pool, statement: str, *arguments: Any) -> list[Any]:
        """Run one reading statement in one round trip, on one snapshot, and give its rows.

        As ``call`` otherwise, with nothing in doubt: raises Unavailable, or the driver's error.
        """

        async def use(driver: Any) -> list[Any]:
            rows: list[Any] = await driver.fetch(statement, *arguments)
            return rows

        return await self._drive(pool, use, writes=False)

    async def _drive(
        self, pool: Pool, use: Callable[[Any], Awaitable[list[Any]]], *, writes: bool
    ) -> list[Any]:
        """Use the driver's own connection, bounded in time."""
        held = _Work()
        timer = asyncio.get_running_loop().call_later(self._deadline_s, held.expire)
        try:
            async with self._engines[pool].connect() as connection:
                await self._check_out(held, connection)
                driver = held.connection
                held.committing = writes
                try:
                    return await use(driver)
                except InternalClientError:
                    driver.terminate()  # of no use any more, see _is_passing
                    raise
                finally:
                    if driver.is_closed():
                        await connection.invalidate()
        except (DBAPIError, PoolTimeoutError, OSError, TimeoutError) as error:
            if held.committing:
                raise OutcomeUnknown from error
            if held.expired or _is_passing(error):
                raise Unavailable(_NOT_NOW) from error
            raise
        except (PostgresError, InterfaceError, InternalClientError) as error:
            state = str(getattr(error, "sqlstate", None) or "08")
            # Its own state says that the server rolled back; only a lost connection leaves doubt.
            if state.startswith(("08", "57P")) and held.committing:
                raise OutcomeUnknown from error
            if state.startswith(_PASSING_STATES):
                raise Unavailable(_NOT_NOW) from error
            raise
        finally:
            timer.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # a cancelled caller leaves nobody else to look at it

    async def _guard(
        self,
        pool: Pool,
        identity: UUID | None,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        read_only: bool,
    ) -> T:
        held = _Work()
        timer = asyncio.get_running_loop().call_later(self._deadline_s, held.expire)
        try:
            if self._writer is None or read_only:
                return await self._run(held, pool, identity, work, read_only=read_only)
            async with asyncio.timeout(self._deadline_s):
                await self._writer.acquire()
            try:
                return await self._run(held, pool, identity, work, read_only=read_only)
            finally:
                self._writer.release()
        except IntegrityError:
            raise
        except (DBAPIError, PoolTimeoutError, OSError, TimeoutError) as error:
            if held.committing:
                raise OutcomeUnknown from error
            if held.expired or _is_passing(error):
                raise Unavailable(_NOT_NOW) from error
            raise
        finally:
            timer.cancel()

    async def _run(
        self,
        held: _Work,
        pool: Pool,
        identity: UUID | None,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        read_only: bool,
    ) -> T:
        engine = (self._reading if read_only else self._engines)[pool]
        async with engine.connect() as connection:
            if self.is_postgresql:
                await self._check_out(held, connection)
                if read_only:
                    await connection.execution_options(
                        isolation_level="REPEATABLE READ", postgresql_readonly=True
                    )
            transaction = await connection.begin()
            try:
                if identity is not None and self.is_postgresql:
                    await connection.execute(_SET_IDENTITY, {"identity": str(identity)})
                result = await work(connection)
                held.committing = not read_only
                await transaction.commit()
            except BaseException:
                if transaction.is_active:
                    await transaction.rollback()
                raise
            held.connection = None
            held.committing = False
            return result

    async def _check_out(self, held: _Work, connection: AsyncConnection) -> None:
        """Take the driver's connection in hand; throw away one still in a transaction."""
        for _ in range(2):
            raw = await connection.get_raw_connection()
            held.connection = raw.driver_connection
            if held.expired:
                held.connection.terminate()
            if not held.connection.is_in_transaction():
                return
            await connection.invalidate()
        message = "The database connections are not usable right now; try again shortly."
        raise Unavailable(message)

    async def aclose(self) -> None:
        """Wait for what runs (each is bounded by the deadline), then close every connection."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        for engine in {*self._engines.values(), *self._reading.values()}:
            await engine.dispose()


def _is_passing(error: BaseException) -> bool:
    """Tell a passing failure (down, busy, frozen) from a mistake in a statement."""
    if not isinstance(error, DBAPIError):
        return True
    if error.connection_invalidated:
        return True
    if isinstance(getattr(error.orig, "__cause__", None), InternalClientError):
        # The driver has read the server's farewell, and the end of the connection comes next.
        return True
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    if state is not None:
        return str(state).startswith(_PASSING_STATES)
    return "locked" in str(error.orig) or "closed" in str(error.orig)
