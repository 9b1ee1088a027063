"""The whole service behind Nginx, of which every part may be hurt."""

from __future__ import annotations

import asyncio
import random
import shutil
from dataclasses import dataclass

from tests.faults.redis_proxy import RedisProxy
from tests.faults.service import Service
from tests.nginx.load import UNLIMITED
from tests.servers.fixtures import _make_template
from tests.servers.nginx import NAME, Nginx
from tests.servers.ports import free_port
from tests.servers.postgresql import TEMPLATE, PostgreSQL
from tests.servers.process import Process
from tests.servers.redis import RedisServer
from tests.servers.run import Run
from tests.servers.unix_replica import UnixReplica


@dataclass
class HurtService(Service):
    """Hold three replicas on Unix sockets, their servers, and Nginx in front.

    Between the first replica and Redis stands ``proxy``.
    """

    nginx: Nginx | None = None
    proxy: RedisProxy | None = None

    @classmethod
    async def begin(cls, run: Run) -> HurtService:
        """Start all of it, on servers of its own."""
        postgresql = await asyncio.to_thread(PostgreSQL.start, run)
        await asyncio.to_thread(_make_template, postgresql)
        database = postgresql.create_database(template=TEMPLATE)
        redis = RedisServer.start(run)
        service = cls(run, postgresql, database, redis)
        service.proxy = RedisProxy(redis.port, random.Random())
        port = free_port()
        made = [
            UnixReplica.start(
                run,
                DATABASE_URL=postgresql.url(database),
                REDIS_URL=url,
                RATE_LIMITS="off",
                ALLOWED_ORIGINS=f"https://{NAME}:{port}",
            )
            for url in (service.proxy.url, redis.url(), redis.url())
        ]
        replicas = list(await asyncio.gather(*made))
        service.replicas = [*replicas]
        addresses = [f"unix:{replica.path}" for replica in replicas]
        service.nginx = Nginx.start(run, addresses, port=port, **UNLIMITED)
        return service

    async def close(self) -> None:
        """End all of it."""
        self.edge.close()
        await super().close()
        self.between.close()
        self.redis_process.kill()
        self.postgresql_process.stop()
        shutil.rmtree(self.postgresql.data)

    async def heal(self) -> None:
        """Launch what a failed scenario left dead, thaw what it left frozen."""
        self.between.deaf, self.between.lose_one_in = False, 0
        for process, launch in (
            (self.postgresql_process, lambda: self.postgresql.launch(self.run)),
            (self.redis_process, lambda: self.redis.launch(self.run)),
            (self.edge.process, self.edge.launch),
        ):
            if process is None or process.returncode is not None:
                await asyncio.to_thread(launch)
            else:
                process.resume()
        await super().heal()

    @property
    def edge(self) -> Nginx:
        """The Nginx."""
        assert self.nginx is not None
        return self.nginx

    @property
    def between(self) -> RedisProxy:
        """What stands between the first replica and Redis."""
        assert self.proxy is not None
        return self.proxy

    @property
    def postgresql_process(self) -> Process:
        """The PostgreSQL that runs, or ran last."""
        assert self.postgresql.process is not None
        return self.postgresql.process

    @property
    def redis_process(self) -> Process:
        """The Redis that runs, or ran last."""
        assert self.redis.process is not None
        return self.redis.process
