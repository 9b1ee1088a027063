"""The guarded boundary on a real PostgreSQL: cancellation, a frozen server, a lost COMMIT."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database, Pool
from store.engines import StoreSettings, open_database
from store.errors import OutcomeUnknown, Unavailable
from tests.servers.postgresql import TEMPLATE, PostgreSQL

NOT_IDLE = text(
    "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    " AND datname = current_database()"
)
IDENTITY = text("SELECT current_setting('app.user_id', true)")


@asynccontextmanager
async def opened(url: str, **settings: float) -> AsyncIterator[Database]:
    """Open the pools for a while."""
    database = open_database(StoreSettings(url, **settings))  # type: ignore[arg-type]
    try:
        yield database
    finally:
        await database.aclose()


async def count_not_idle(connection: AsyncConnection) -> int:
    """Count connections left in a transaction."""
    return int(await connection.scalar(NOT_IDLE) or 0)


async def test_cancelled_callers_leave_no_connection_in_a_transaction(postgresql_url: str) -> None:
    """Two hundred cancellations at every stage: all work is whole, no identity leaks."""
    async with opened(postgresql_url, app_connections=4) as database:
        done: list[int] = []

        async def work(number: int) -> None:
            async def unit(connection: AsyncConnection) -> None:
                await connection.execute(text("SELECT pg_sleep(0.001)"))
                done.append(number)

            await database.transact(Pool.APP, uuid4(), unit)

        async def cancelled(number: int) -> None:
            task = asyncio.create_task(work(number))
            for _ in range(number % 23):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        for start in range(0, 200, 20):
            await asyncio.gather(*(cancelled(start + step) for step in range(20)))
        await asyncio.gather(*database._tasks)

        async def identity(connection: AsyncConnection) -> str | None:
            found: str | None = await connection.scalar(IDENTITY)
            return found

        for _ in range(8):
            assert not await database.transact(Pool.APP, None, identity)
        assert await database.transact(Pool.FANOUT, None, count_not_idle) == 0
        # A caller cancelled before its first step never began; all the others ran to their end.
        assert len(done) == len(set(done)) >= 150


async def test_a_connection_left_in_a_transaction_is_never_handed_out(postgresql_url: str) -> None:
    """The check at check-out throws away what a bug left behind."""
    async with opened(postgresql_url, app_connections=1) as database:
        seen: list[int] = []

        async def poison(connection: AsyncConnection) -> None:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            seen.append(raw.get_server_pid())

        await database.transact(Pool.APP, None, poison)
        engine = database._engines[Pool.APP]
        async with engine.connect() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            # Begun behind the pool's back, so that the pool's own reset knows nothing of it.
            await raw.execute("BEGIN")
        await database.transact(Pool.APP, uuid4(), poison)
        assert seen[0] != seen[1]


async def test_connections_ended_in_the_pool_fail_nobody(
    postgresql: PostgreSQL, postgresql_url: str
) -> None:
    """After a restart of the server every call gets a new connection instead of an error."""
    async with opened(postgresql_url, app_connections=3) as database:

        async def pid(connection: AsyncConnection) -> int:
            await connection.execute(text("SELECT pg_sleep(0.05)"))  # so that all are in use
            return int(await connection.scalar(text("SELECT pg_backend_pid()")) or 0)

        async def pids() -> set[int]:
            calls = [database.transact(Pool.APP, uuid4(), pid) for _ in range(3)]
            return set(await asyncio.gather(*calls))

        before = await pids()
        for ended in before:
            await asyncio.to_thread(postgresql.sql, f"SELECT pg_terminate_backend({ended}, 5000)")

        assert len(before) == 3
        assert before.isdisjoint(await pids())


@pytest.mark.parametrize("way", ["transact", "call"])
async def test_a_farewell_read_just_before_is_a_passing_failure(
    postgresql: PostgreSQL, postgresql_url: str, way: str
) -> None:
    """The driver takes it for a mistake in its own use; here it says to try again."""
    async with opened(postgresql_url, app_connections=1) as database:

        async def pid(connection: AsyncConnection) -> int:
            return int(await connection.scalar(text("SELECT pg_backend_pid()")) or 0)

        async def ask() -> object:
            if way == "transact":
                return await database.transact(Pool.APP, uuid4(), pid)
            return await database.call(Pool.APP, "SELECT pg_backend_pid()", ())

        for turns in range(5):
            ended = await database.transact(Pool.APP, uuid4(), pid)
            # The loop stands still meanwhile; then it reads the farewell, and the end a turn later.
            postgresql.sql(f"SELECT pg_terminate_backend({ended}, 5000)")
            for _ in range(turns):
                await asyncio.sleep(0)
            with contextlib.suppress(Unavailable):
                assert await ask() != ended
            assert await ask() != ended


async def test_a_frozen_server_costs_no_connection_for_good(own_postgresql: PostgreSQL) -> None:
    """While it is frozen, calls fail within their deadline; afterwards all connections work."""
    url = own_postgresql.url(TEMPLATE)
    server = own_postgresql.process
    assert server is not None
    async with opened(url, app_connections=3, deadline_s=3.0, pool_timeout_s=2.0) as database:

        async def answer(connection: AsyncConnection) -> int:
            return int(await connection.scalar(text("SELECT 1")) or 0)

        async def attempt() -> int:
            return await database.transact(Pool.APP, uuid4(), answer)

        assert await asyncio.gather(*(attempt() for _ in range(3))) == [1, 1, 1]
        server.pause()
        try:
            async with asyncio.timeout(30):
                refused = await asyncio.gather(
                    *(attempt() for _ in range(9)), return_exceptions=True
                )
        finally:
            server.resume()
        assert all(isinstance(error, Unavailable) for error in refused)
        async with asyncio.timeout(30):
            assert await asyncio.gather(*(attempt() for _ in range(3))) == [1, 1, 1]


async def test_a_connection_lost_during_commit_is_reported_as_unknown(postgresql_url: str) -> None:
    """The write may have happened, and here it has: only a retry by operation id can tell."""
    target = make_url(postgresql_url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        above, below = await asyncio.open_connection(target.host, target.port)
        cut = asyncio.Event()

        async def up() -> None:
            while data := await reader.read(65_536):
                if b"COMMIT" in data:
                    cut.set()
                below.write(data)

        async def down() -> None:
            while (data := await above.read(65_536)) and not cut.is_set():
                writer.write(data)

        tasks = {asyncio.create_task(up()), asyncio.create_task(down())}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        below.close()

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    between = target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    user_id = uuid4()

    async def write(connection: AsyncConnection) -> None:
        await connection.execute(
            text("INSERT INTO logs (kind, log_id) VALUES (1, :user)"), {"user": user_id}
        )

    async with proxy, opened(between) as database:
        with pytest.raises(OutcomeUnknown):
            await database.transact(Pool.APP, user_id, write)
    async with opened(postgresql_url) as database:
        assert await database.transact(Pool.FANOUT, None, lambda made: _exists(made, user_id))


async def _exists(connection: AsyncConnection, user_id: UUID) -> bool:
    query = text("SELECT count(*) FROM logs WHERE log_id = :user")
    return bool(await connection.scalar(query, {"user": user_id}))
