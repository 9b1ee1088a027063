"""The real servers that a benchmark runs on, and the people in it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.apart import LoadProcess, load_process
from bench.stamped_replica import StampedReplica
from store.migrate import migrate
from tests.servers.person import Person
from tests.servers.postgresql import LOGIN, TEMPLATE, PostgreSQL
from tests.servers.reaper import Reaper
from tests.servers.redis import RedisServer
from tests.servers.replica import Replica
from tests.servers.run import Run

__all__ = ["Site", "open_site"]

# As on a real machine, but for the size; fsync and synchronous_commit stay on. The server's own
# time of each commit is what commit-to-delivery is measured from.
POSTGRESQL = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "track_commit_timestamp": "on",
    "log_checkpoints": "off",
}


@dataclass
class Site:
    """Hold one PostgreSQL and one Redis, and start replicas on them."""

    run: Run
    postgresql: PostgreSQL
    redis: RedisServer
    load: LoadProcess

    def database(self) -> str:
        """Make an empty database with the newest schema; give its name."""
        return self.postgresql.create_database(template=TEMPLATE)

    async def replica(self, database: str, **settings: str) -> StampedReplica:
        """Start a replica on a database and the site's Redis."""
        return await StampedReplica.start(
            self.run,
            **{
                "DATABASE_URL": self.postgresql.url(database),
                "REDIS_URL": self.redis.url(),
                "NAMESPACE": database[-24:],
                "RATE_LIMITS": "off",
                "LOG_LEVEL": "warning",
                **settings,
            },
        )

    async def people(self, replica: Replica, count: int) -> list[Person]:
        """Register people and log them in."""
        return [await Person.register(replica, f"p{number}") for number in range(count)]

    async def shared_lists(self, people: list[Person], count: int) -> list[str]:
        """Make lists of the first of the people, which the others may edit; give their ids."""
        owner, *others = people
        lists = [str(uuid.uuid4()) for _ in range(count)]
        commands: list[dict[str, str]] = [
            {"type": "list.create", "id": list_id, "title": "Shopping"} for list_id in lists
        ]
        commands += [
            {"type": "member.set", "list_id": list_id, "username": other.username, "role": "editor"}
            for list_id in lists
            for other in others
        ]
        for start in range(0, len(commands), 100):
            batch = [
                {"op": str(uuid.uuid4()), **command} for command in commands[start : start + 100]
            ]
            done = await owner.call("POST", "/commands", {"commands": batch})
            refused = [each for each in done["results"] if each["status"] >= 300]
            if refused:
                raise RuntimeError(f"refused: {refused[0]}")
        return lists

    def commit_times(self, database: str, list_id: str) -> dict[int, int]:
        """Give when each entry of a list was committed, in nanoseconds since 1970, by offset.

        PostgreSQL takes this time just before it forces the commit to disk: what is measured from
        here includes that.
        """
        statement = (
            "SELECT log_offset, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1e6)::bigint"
            f" FROM entries WHERE kind = 0 AND log_id = '{list_id}'"
        )
        rows = (row.split("|") for row in self.postgresql.sql(statement, database=database))
        return {int(offset): int(micros) * 1000 for offset, micros in rows}


@asynccontextmanager
async def open_site(**options: str) -> AsyncIterator[Site]:
    """Start the servers; ``options`` add to PostgreSQL's. All of it is gone at the end."""
    run = Run(_directory())
    # Whatever becomes of this process, that one ends the servers and removes the directory.
    reaper = Reaper(run)
    try:
        postgresql = await asyncio.to_thread(
            PostgreSQL.start, run, options={**POSTGRESQL, **options}
        )
        postgresql.sql(f"CREATE DATABASE {TEMPLATE} OWNER {LOGIN} TEMPLATE template0")
        await migrate(postgresql.url(TEMPLATE))
        redis = await asyncio.to_thread(RedisServer.start, run)
        async with load_process() as load:
            yield Site(run, postgresql, redis, load)
    finally:
        await asyncio.to_thread(reaper.close)


def _directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="lockstep-bench-"))
    directory.chmod(0o755)  # PostgreSQL runs as another user
    return directory


def load_average() -> float:
    """Give how many processes wanted a core during the last minute."""
    return os.getloadavg()[0]
