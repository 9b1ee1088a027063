"""The services that all tests of a run share: each started when a test first asks for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.servers.apart import apart
from tests.servers.asgi_replica import HypercornReplica, UvicornReplica
from tests.servers.fixtures import _REPLICAS, _make_template
from tests.servers.postgresql import TEMPLATE, PostgreSQL
from tests.servers.redis import RedisServer
from tests.servers.replica import Replica
from tests.servers.run import Run


@pytest.fixture(scope="session")
def _settings(run: Run, postgresql: PostgreSQL, redis_server: RedisServer) -> dict[str, str]:
    run.once("postgresql-template", lambda: _make_template(postgresql))
    database = run.once(
        "service-database", lambda: {"name": postgresql.create_database(template=TEMPLATE)}
    )
    return {
        "DATABASE_URL": postgresql.url(database["name"]),
        "REDIS_URL": redis_server.url(),
        "NAMESPACE": "shared-service",
    }


@pytest.fixture(scope="session")
def _production(run: Run, _settings: dict[str, str]) -> tuple[Replica, Replica]:
    one, other = _shared(run, "production", [Replica, Replica], _settings)
    return one, other


@pytest.fixture(scope="session")
def _hypercorn(
    run: Run, _settings: dict[str, str], _production: tuple[Replica, Replica]
) -> tuple[Replica, Replica]:
    (plain,) = _shared(run, "hypercorn", [HypercornReplica], _settings)
    return _production[0], plain


@pytest.fixture(scope="session")
def _uvicorn(
    run: Run, _settings: dict[str, str], _production: tuple[Replica, Replica]
) -> tuple[Replica, Replica]:
    (plain,) = _shared(run, "uvicorn", [UvicornReplica], _settings)
    return _production[0], plain


@pytest.fixture(scope="session")
def _embedded(run: Run) -> tuple[Replica, Replica]:
    (one,) = _shared(run, "embedded", [Replica], {})
    return one, one


def _shared(
    run: Run, name: str, kinds: list[type[Replica]], settings: dict[str, str]
) -> list[Replica]:
    """Give a replica of each kind for all tests of the run, started when a test first asks."""

    async def start() -> dict[str, Any]:
        made = [kind.start(run, RATE_LIMITS="off", **settings) for kind in kinds]
        replicas = await asyncio.gather(*made)
        for replica in replicas:
            if replica.process is not None:
                replica.process.leave_to_the_run()
        return {
            "replicas": [
                {
                    "settings": one.settings,
                    "directory": str(one.directory),
                    "port": one.port,
                    "log_path": str(one.log_path),
                }
                for one in replicas
            ]
        }

    found = run.once(f"service-{name}", lambda: apart(start))
    return [
        kind(
            run,
            one["settings"],
            Path(one["directory"]),
            one["port"],
            log_path=Path(one["log_path"]),
        )
        for kind, one in zip(kinds, found["replicas"], strict=True)
    ]


@pytest.fixture
def shared_service(request: pytest.FixtureRequest) -> tuple[Replica, Replica]:
    """Give the run's service: where people act, and where their devices are connected.

    ``production``: two replicas on one PostgreSQL and one Redis. ``hypercorn`` and ``uvicorn``: the
    devices' replica is a third one of the same service, under that ASGI server. ``embedded``: one
    replica, twice, in the embedded default. For all tests: never stop them; make people of your
    own and look only at what is theirs.
    """
    kind = getattr(request, "param", "production")
    replicas: tuple[Replica, Replica] = request.getfixturevalue(f"_{kind}")
    request.node.stash[_REPLICAS] = list(dict.fromkeys(replicas))
    return replicas


@pytest.fixture
def service(shared_service: tuple[Replica, Replica]) -> tuple[Replica, Replica]:
    """Give the same under the name that folders with a service of their own take for theirs."""
    return shared_service
