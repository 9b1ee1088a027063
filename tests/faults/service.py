"""Several replicas on one PostgreSQL and one Redis, for the scenarios of one module."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field

import asyncpg

from tests.servers.deadline import eventually
from tests.servers.postgresql import PostgreSQL
from tests.servers.redis import RedisServer
from tests.servers.replica import Replica
from tests.servers.run import Run

# Connections that one replica may hold: 10 for people, 3 for accounts, 5 for logs, 1 for the trash.
POOLED = 19

_IDLE = """
SELECT pid, query FROM pg_stat_activity
WHERE datname = $1 AND state LIKE 'idle in transaction%' AND now() - state_change > '1 s'
"""
_COUNT = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'lockstep'"
)


@dataclass
class Service:
    """Hold the servers; every scenario leaves them as it found them, running."""

    run: Run
    postgresql: PostgreSQL
    database: str
    redis: RedisServer
    replicas: list[Replica] = field(default_factory=list)

    async def start(self, redis_urls: list[str], **settings: str) -> None:
        """Start one replica for each address of Redis."""
        url = self.postgresql.url(self.database)
        made = [
            Replica.start(
                self.run, DATABASE_URL=url, REDIS_URL=redis_url, RATE_LIMITS="off", **settings
            )
            for redis_url in redis_urls
        ]
        self.replicas = list(await asyncio.gather(*made))

    async def close(self) -> None:
        """End the replicas."""
        for replica in self.replicas:
            await replica.kill()
            shutil.rmtree(replica.directory, ignore_errors=True)

    async def heal(self) -> None:
        """Launch what a failed scenario left dead, thaw what it left frozen."""
        for replica in self.replicas:
            if replica.process is not None and replica.process.returncode is None:
                replica.resume()
            else:
                await replica.launch()
        for replica in self.replicas:
            await replica.until_ready(within_s=60)

    async def idle_in_transaction(self) -> list[str]:
        """Name the database connections left in a transaction for more than a second."""
        connection = await asyncpg.connect(self._superuser)
        try:
            rows = await connection.fetch(_IDLE, self.database)
            return [f"{row['pid']}: {row['query']}" for row in rows]
        finally:
            await connection.close()

    async def keeps_its_pools(self, *, within_s: float = 20.0) -> None:
        """Wait until the replicas hold no more connections than their pools have."""
        connection = await asyncpg.connect(self._superuser)

        async def fit() -> bool:
            count = await connection.fetchval(_COUNT, self.database)
            return bool(count <= POOLED * len(self.replicas))

        try:
            await eventually(fit, "no connection is left over", within_s=within_s)
        finally:
            await connection.close()

    @property
    def _superuser(self) -> str:
        return self.postgresql.url("postgres", user="postgres")
