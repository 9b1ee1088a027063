"""Services for these scenarios: those of one module share one."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator

import pytest

from tests.faults.redis_proxy import RedisProxy
from tests.faults.service import Service
from tests.servers.apart import apart
from tests.servers.fixtures import _REPLICAS, _make_template
from tests.servers.postgresql import TEMPLATE, PostgreSQL
from tests.servers.redis import RedisServer
from tests.servers.run import Run


@pytest.fixture(scope="module")
def database(run: Run, postgresql: PostgreSQL) -> Iterator[str]:
    """Give a database of this module's own on the run's PostgreSQL."""
    run.once("postgresql-template", lambda: _make_template(postgresql))
    name = postgresql.create_database(template=TEMPLATE)
    yield name
    postgresql.drop_database(name)


@pytest.fixture(scope="module")
def trio(
    run: Run, postgresql: PostgreSQL, redis_server: RedisServer, database: str
) -> Iterator[Service]:
    """Give three replicas, which may be hurt, on servers that may not."""
    service = Service(run, postgresql, database, redis_server)
    # Messages go across Redis' logical databases, so the name keeps other services' away.
    apart(lambda: service.start([redis_server.url()] * 3, NAMESPACE=database[:32]))
    yield service
    apart(service.close)


@pytest.fixture(scope="module")
def module_redis(run: Run) -> Iterator[RedisServer]:
    """Give a Redis of this module's own, to be killed, frozen and emptied."""
    server = RedisServer.start(run)
    yield server
    if server.process is not None:
        server.process.kill()


@pytest.fixture(scope="module")
def proxy(module_redis: RedisServer) -> Iterator[RedisProxy]:
    """Give what stands between the first replica of ``pair`` and Redis."""
    made = RedisProxy(module_redis.port, random.Random())
    yield made
    made.close()


@pytest.fixture(scope="module")
def pair(
    run: Run, postgresql: PostgreSQL, database: str, module_redis: RedisServer, proxy: RedisProxy
) -> Iterator[Service]:
    """Give two replicas, one with a proxy before Redis, on a Redis that may be hurt."""
    service = Service(run, postgresql, database, module_redis)
    apart(lambda: service.start([proxy.url, module_redis.url()]))
    yield service
    apart(service.close)


@pytest.fixture(scope="module")
def hurt(run: Run, redis_server: RedisServer) -> Iterator[Service]:
    """Give two replicas on a PostgreSQL that may be hurt."""
    cluster = PostgreSQL.start(run)
    _make_template(cluster)
    database = cluster.create_database(template=TEMPLATE)
    service = Service(run, cluster, database, redis_server)
    apart(lambda: service.start([redis_server.url()] * 2, NAMESPACE=database[:32]))
    yield service
    apart(service.close)
    if cluster.process is not None:
        cluster.process.stop()
    shutil.rmtree(cluster.data)


@pytest.fixture(autouse=True)
def _logs(request: pytest.FixtureRequest) -> None:
    """Have the replicas' logs in the report of a scenario that failed."""
    for name in {"trio", "pair", "hurt"} & set(request.fixturenames):
        request.node.stash[_REPLICAS] = request.getfixturevalue(name).replicas
