"""Hold one connection to Redis that fails fast, and is made anew instead of mending itself.

redis-py's ``PubSub`` reconnects on its own, from whichever task happens to use it, and its health
check only sends a PING: on a half-open connection that write succeeds and nothing ever fails. So
the connection is used directly here, without retries; who owns it notices its end, and whether it
still carries anything is proved end to end by a heartbeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

__all__ = ["LINK_ERRORS", "RedisLink", "open_link", "open_pool", "pool_beside"]

# Of a cluster of which no server answers, redis-py says so by an exception that is no RedisError.
LINK_ERRORS: Final = (RedisError, RedisClusterException, OSError, TimeoutError, EOFError)

_CONNECT_S: Final = 3.0


def open_pool(url: str) -> ConnectionPool:
    """Read the URL; connects nothing. Raises ValueError when it is none."""
    return ConnectionPool.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        socket_timeout=None,  # a subscriber may hear nothing for hours
        socket_connect_timeout=_CONNECT_S,
        decode_responses=False,
    )


def pool_beside(pool: ConnectionPool, host: str, port: int) -> ConnectionPool:
    """Give a pool for another server of the same cluster: same login, same options."""
    options = {**pool.connection_kwargs, "host": host, "port": port}
    return ConnectionPool(connection_class=pool.connection_class, **options)


class RedisLink:
    """Send commands and read answers on one connection; each at most by one task at a time.

    Everything raises one of ``LINK_ERRORS`` when the connection fails; it is of no use then.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def send(self, commands: Sequence[tuple[str | bytes, ...]], timeout_s: float) -> None:
        """Send commands in one write."""
        async with asyncio.timeout(timeout_s):
            packed = self._connection.pack_commands(commands)
            await self._connection.send_packed_command(packed, check_health=False)

    async def read(self) -> Any:
        """Wait for the next answer or message, however long it takes."""
        return await self._connection.read_response()

    async def ask(self, *command: str | bytes) -> Any:
        """Send one command and wait for its answer, however long it takes."""
        await self._connection.send_command(*command, check_health=False)
        return await self.read()

    async def call(self, commands: Sequence[tuple[str | bytes, ...]], timeout_s: float) -> None:
        """Send commands in one write and wait for all answers."""
        async with asyncio.timeout(timeout_s):
            await self._connection.send_packed_command(
                self._connection.pack_commands(commands), check_health=False
            )
            for _ in commands:
                await self.read()


@asynccontextmanager
async def open_link(pool: ConnectionPool) -> AsyncIterator[RedisLink]:
    """Connect; the connection is cut at the end, without waiting for the peer."""
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        async with asyncio.timeout(_CONNECT_S):
            await connection.connect()
        yield RedisLink(connection)
    finally:
        await connection.disconnect(nowait=True)
