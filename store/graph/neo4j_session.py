"""Reach Neo4j: one driver, bounded transactions, and a breaker before it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, LiteralString, TypeVar

from neo4j import AsyncGraphDatabase, AsyncManagedTransaction, unit_of_work
from neo4j.exceptions import (
    ConnectionAcquisitionTimeoutError,
    DatabaseUnavailable,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from store.errors import GraphUnavailable
from store.graph.breaker import Breaker, Failure
from store.graph.neo4j_signs import Signs
from store.graph.patience import Patience, TooMuch

__all__ = ["TOGETHER", "Neo4jSession", "Neo4jSettings", "Place", "Rows", "many", "rows"]

T = TypeVar("T")
Rows = list[dict[str, Any]]
Place = Mapping[str, str | None]
"""Which graph answers: the parameters ``graph`` and ``epoch``, as Neo4jSettings has them."""

TOGETHER: Final = """
WITH collect(row) AS found
UNWIND range(0, size(found) - 1, 250) AS start
RETURN found[start..start + 250] AS rows
"""
"""Ends a statement for ``many``: puts what it calls ``row`` together. The driver takes 0.1 ms for a
record, whatever is in it, so ten thousand rows were a second; these are some 3 ms each."""

# What the server says when it ended a transaction that took longer than it may.
_TOO_SLOW: Final = frozenset(
    {
        "Neo.ClientError.Transaction.TransactionTimedOut",
        "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
        "Neo.ClientError.Transaction.TransactionTerminated",
    }
)
# Something was removed between two looks of one statement at it: the next try finds it gone.
_REMOVED: Final = "Neo.ClientError.Statement.EntityNotFound"
# There is but one database, so a server that has not got it is still starting.
_STARTING: Final = "Neo.ClientError.Database.DatabaseNotFound"


@dataclass(frozen=True, slots=True)
class Neo4jSettings:
    """Say where Neo4j is and how long to wait for it.

    ``graph`` names one of several graphs that may lie in one database. ``epoch``: questions are
    answered only from what was made of the database of this epoch; None: of any. ``user`` None: the
    server asks for nobody. ``connections`` at most, ``connect_s`` and
    ``acquire_s`` seconds to open one and to get a free one; ``retry_s`` seconds in which the driver
    repeats what the server calls transient. ``read_s`` and ``write_s`` bound a transaction: the
    server ends it then, and a second later nobody waits for the server any more; ``give_up_s``:
    nobody does after so many seconds in all, None: as long as that takes. ``failures`` in a
    row open the breaker, and ``probe_after_s`` seconds later the server is tried again.
    ``notices``: from which severity on the server's notices become Python warnings; OFF: none is
    asked for.
    """

    url: str
    user: str | None = None
    password: str = field(default="", repr=False)
    database: str = "neo4j"
    graph: str = "lockstep"
    epoch: str | None = None
    connections: int = 16
    connect_s: float = 3.0
    acquire_s: float = 5.0
    retry_s: float = 2.0
    read_s: float = 5.0
    write_s: float = 60.0
    give_up_s: float | None = None
    failures: int = 5
    probe_after_s: int = 60
    notices: Literal["OFF", "WARNING", "INFORMATION"] = "OFF"


class Neo4jSession:
    """Run transactions in one database, for any number of tasks of one event loop.

    Raises GraphUnavailable when the server is away, slow, refuses or is not asked for now; what is
    wrong with a statement is raised as the driver raises it. That it is not asked any more, and
    why, is in the log once; so is its return.
    """

    def __init__(self, settings: Neo4jSettings) -> None:
        """Connect to nothing yet. Raises neo4j's ConfigurationError or ValueError for a bad URL."""
        self._settings = settings
        self._breaker = Breaker(settings.failures, settings.probe_after_s, _judge)
        self._patience = Patience(self._greet)
        self._signs = Signs()
        self._driver = AsyncGraphDatabase.driver(
            settings.url,
            auth=None if settings.user is None else (settings.user, settings.password),
            max_connection_pool_size=settings.connections,
            connection_timeout=settings.connect_s,
            connection_acquisition_timeout=settings.acquire_s,
            max_transaction_retry_time=settings.retry_s,
            notifications_min_severity=settings.notices,
            warn_notification_severity=settings.notices,
            # "It exists already" is what one asks for.
            notifications_disabled_classifications=["SCHEMA"],
            telemetry_disabled=True,
            user_agent="lockstep",
        )

    @property
    def breaker(self) -> Breaker:
        """What decides whether the server is asked at all."""
        return self._breaker

    async def read(self, work: Callable[[AsyncManagedTransaction], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction that only reads; it may run more than once."""
        return await self._run("execute_read", work, self._settings.read_s)

    async def write(self, work: Callable[[AsyncManagedTransaction], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction, and commit; it may run more than once.

        Raises neo4j's IncompleteCommit when the connection was lost during the commit: then only
        the graph knows what came of it.
        """
        return await self._run("execute_write", work, self._settings.write_s)

    async def read_rows(self, text: LiteralString, parameters: Mapping[str, Any]) -> Rows:
        """Run one statement that only reads, and give its rows."""
        return await self.read(lambda transaction: rows(transaction, text, parameters))

    async def write_rows(self, text: LiteralString, parameters: Mapping[str, Any]) -> Rows:
        """Run one statement in a transaction of its own, and give its rows."""
        return await self.write(lambda transaction: rows(transaction, text, parameters))

    async def aclose(self) -> None:
        """Close every connection, waiting for the server no longer than a connection may take."""
        await self._patience.aclose()
        try:
            async with asyncio.timeout(self._settings.connect_s):
                await self._driver.close()
        except TimeoutError:
            pass  # cancelled while it said goodbye: the connections are gone all the same

    async def _run(
        self,
        execute: str,
        work: Callable[[AsyncManagedTransaction], Awaitable[T]],
        bound_s: float,
    ) -> T:
        bounded = unit_of_work(timeout=bound_s)(work)
        give_up_s = self._settings.give_up_s or bound_s + self._settings.retry_s + 1.0

        async def question() -> T:
            async with (
                self._patience.within(give_up_s),
                self._driver.session(database=self._settings.database) as session,
            ):
                answer: T = await getattr(session, execute)(bounded)
                return answer

        try:
            found = await self._breaker.ask(question)
        except GraphUnavailable as error:
            if self._breaker.open:
                self._signs.refused(error.__cause__)
            raise
        self._signs.answered()
        return found

    async def _greet(self) -> None:
        async with self._driver.session(database=self._settings.database) as session:
            await (await session.run("RETURN 1")).consume()


async def rows(
    transaction: AsyncManagedTransaction, text: LiteralString, parameters: Mapping[str, Any]
) -> Rows:
    """Run a statement and give its rows. ``parameters`` are the only way in for values."""
    return await (await transaction.run(text, dict(parameters))).data()


async def many(
    transaction: AsyncManagedTransaction, text: LiteralString, parameters: Mapping[str, Any]
) -> list[list[Any]]:
    """Run a statement that ends with TOGETHER, and give its rows; the loop gets its turn."""
    found: list[list[Any]] = []
    async for record in await transaction.run(text, dict(parameters)):
        found += record["rows"]
    return found


def _judge(error: Exception) -> Failure | None:
    match error:
        case Neo4jError() if (error.code or "").startswith("Neo.ClientError.Security."):
            return Failure.OPENS
        case (
            ServiceUnavailable()
            | SessionExpired()
            | DatabaseUnavailable()
            | OSError()  # TimeoutError, ours, is one
        ):
            return Failure.COUNTS
        case Neo4jError() if error.code == _STARTING:
            return Failure.COUNTS
        case Neo4jError() if error.code in _TOO_SLOW or error.code == _REMOVED:
            return Failure.PASSING
        # Too much at a time, or too much in one question: our doing, and the server is there.
        case TransientError() | ConnectionAcquisitionTimeoutError() | TooMuch():
            return Failure.PASSING
        case _:
            return None
