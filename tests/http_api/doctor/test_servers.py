"""`lockstep doctor` on real servers: well, each says ok; for each fault, its line and no other."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.revisions import Revisions
from tests.http_api.doctor.doctor import PASSWORD, Told, examined, examined_with, something_else
from tests.servers.fixtures import StartReplica
from tests.servers.person import Person
from tests.servers.ports import free_port
from tests.servers.postgresql import LOGIN, TEMPLATE, PostgreSQL
from tests.servers.redis import RedisServer
from tests.servers.redis_cluster import RedisCluster
from tests.servers.replica import SECRET_KEY, environment, lockstep
from tests.servers.run import Run

# Several looks each, at servers that are started for them.
pytestmark = pytest.mark.timeout(400)


# All is well


async def test_a_healthy_postgresql_and_redis_are_ok(
    tmp_path: Path, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """Every line of both, and status 0."""
    told = await examined_with(tmp_path, postgresql_url, redis_url, NAMESPACE=namespace)

    assert told.bad() == []
    assert told.status == 0
    assert {
        "secret key", "database", "database version", "database login", "database schema",
        "database safety", "database connections", "clock",
        "redis", "redis version", "redis messages", "redis memory",
    } <= set(told.subjects())  # fmt: skip


async def test_a_healthy_cluster_is_ok(
    tmp_path: Path, postgresql_url: str, redis_cluster_url: str, namespace: str
) -> None:
    """A message comes back from each of its masters."""
    told = await examined_with(tmp_path, postgresql_url, redis_cluster_url, NAMESPACE=namespace)
    assert told.bad() == []
    assert "3 masters" in told.line("redis")["says"]


async def test_the_embedded_default_in_use_is_ok(start_replica: StartReplica) -> None:
    """Beside a running replica, whose database is not held up."""
    replica = await start_replica()
    ann = await Person.register(replica)
    told = await examined(replica.directory)
    assert told.bad() == []
    assert "the newest" in told.line("database")["says"]
    await ann.make_list()


# PostgreSQL


async def test_a_database_that_is_away_is_one_line(
    tmp_path: Path, redis_url: str, namespace: str
) -> None:
    """The others are checked all the same."""
    url = f"postgresql://{LOGIN}:{PASSWORD}@127.0.0.1:{free_port()}/lockstep"
    told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "database")]
    assert "connection refused" in told.line("database")["says"]
    assert told.line("redis messages")["mark"] == "ok"
    assert told.status == 1


async def test_a_wrong_port_is_one_line(tmp_path: Path, redis_url: str, namespace: str) -> None:
    """Something answers there, and is no PostgreSQL; be it Redis."""
    with something_else() as port:
        url = f"postgresql://{LOGIN}:{PASSWORD}@127.0.0.1:{port}/lockstep"
        told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
        assert told.bad() == [("wrong", "database")]
    url = f"postgresql://{LOGIN}:{PASSWORD}@{redis_url.removeprefix('redis://')}"
    told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "database")]


async def test_a_database_that_is_not_there_is_one_line(
    tmp_path: Path, postgresql: PostgreSQL, redis_url: str, namespace: str
) -> None:
    """The server answers, and has none of this name."""
    told = await examined_with(tmp_path, postgresql.url("nowhere"), redis_url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "database")]
    assert "no database of this name" in told.line("database")["says"]


async def test_a_host_that_nobody_knows_is_one_line(
    tmp_path: Path, redis_url: str, namespace: str
) -> None:
    """A name that is reserved for being none (RFC 2606); its password stays out."""
    url = f"postgresql://me:{PASSWORD}@nowhere.invalid/lockstep"
    told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "database")]


async def test_a_schema_that_is_missing_behind_or_ahead_is_one_line(
    tmp_path: Path, postgresql: PostgreSQL, postgresql_url: str, empty_postgresql_url: str,
    redis_url: str, namespace: str,
) -> None:  # fmt: skip
    """Missing and behind are wrong; what is newer may be served."""
    told = await examined_with(tmp_path, empty_postgresql_url, redis_url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "database schema")]
    assert "lockstep migrate" in told.line("database schema")["advice"]

    database = postgresql_url.rpartition("/")[2]
    for revision, mark in ((Revisions().names[0], "wrong"), ("9999", "warning")):
        postgresql.sql(f"UPDATE alembic_version SET version_num = '{revision}'", database=database)
        told = await examined_with(tmp_path, postgresql_url, redis_url, NAMESPACE=namespace)
        assert told.bad() == [(mark, "database schema")]
        assert revision in told.line("database schema")["says"]


async def test_a_superuser_as_login_is_one_line(
    tmp_path: Path, postgresql: PostgreSQL, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """It serves, in roles that are bound; the password would open everything."""
    url = postgresql.url(postgresql_url.rpartition("/")[2], user="postgres")
    told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    assert told.bad() == [("warning", "database login")]


async def test_a_login_that_was_not_let_in_is_one_line(
    tmp_path: Path, postgresql: PostgreSQL, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """The schema is there, and this login may act in none of its roles."""
    stranger = namespace.replace("-", "_")
    postgresql.sql(f"CREATE ROLE {stranger} LOGIN")
    try:
        url = postgresql.url(postgresql_url.rpartition("/")[2], user=stranger)
        told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    finally:
        postgresql.sql(f"DROP ROLE {stranger}")
    assert told.bad() == [("wrong", "database login")]


async def test_a_login_that_inherits_nothing_is_ok(
    tmp_path: Path, postgresql: PostgreSQL, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """The service takes on its roles by name, and so does this."""
    login = namespace.replace("-", "_")
    postgresql.sql(f"CREATE ROLE {login} LOGIN NOINHERIT")
    for role in ("app", "auth", "fanout", "worker"):
        postgresql.sql(f"GRANT lockstep_{role} TO {login}")
    try:
        url = postgresql.url(postgresql_url.rpartition("/")[2], user=login)
        told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    finally:
        postgresql.sql(f"DROP ROLE {login}")
    assert told.bad() == []


async def test_another_database_for_migrations_is_one_line(
    tmp_path: Path, postgresql_url: str, empty_postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """It would bring the wrong one up to date."""
    told = await examined_with(
        tmp_path, postgresql_url, redis_url, NAMESPACE=namespace,
        MIGRATE_DATABASE_URL=empty_postgresql_url,
    )  # fmt: skip
    assert told.bad() == [("wrong", "migrating login")]


async def test_a_standby_that_is_none_is_one_line(
    tmp_path: Path, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """The first server itself follows nobody."""
    told = await examined_with(
        tmp_path, postgresql_url, redis_url, NAMESPACE=namespace, READ_DATABASE_URL=postgresql_url
    )
    assert told.bad() == [("wrong", "standby")]


async def test_a_standby_that_follows_is_ok_and_one_that_is_away_is_no_harm(
    tmp_path: Path, own_postgresql: PostgreSQL, standby: PostgreSQL, redis_url: str, namespace: str
) -> None:
    """Snapshots come from the first then; one that was promoted goes its own way."""

    async def told() -> Told:
        return await examined_with(
            tmp_path, own_postgresql.url(TEMPLATE), redis_url, NAMESPACE=namespace,
            READ_DATABASE_URL=standby.url(TEMPLATE),
        )  # fmt: skip

    assert (await told()).bad() == []

    standby.sql("SELECT pg_promote()")
    assert (await told()).bad() == [("wrong", "standby")]

    assert standby.process is not None
    standby.process.kill()
    found = await told()
    assert found.bad() == [("warning", "standby")]
    assert found.status == 0


async def test_a_standby_as_the_first_server_is_one_line(
    tmp_path: Path, standby: PostgreSQL, redis_url: str, namespace: str
) -> None:
    """It answers everything and takes no writes."""
    told = await examined_with(tmp_path, standby.url(TEMPLATE), redis_url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "database safety")]


@pytest.fixture
def unsafe_postgresql(run: Run) -> Iterator[PostgreSQL]:
    """Give a PostgreSQL without fsync that asks for a password and has few connections."""
    cluster = PostgreSQL.start(run, options={"fsync": "off", "max_connections": "30"})
    cluster.sql(f"ALTER ROLE {LOGIN} PASSWORD '{PASSWORD}'")
    cluster.sql(f"CREATE DATABASE {TEMPLATE} OWNER {LOGIN} TEMPLATE template0")
    (cluster.data / "pg_hba.conf").write_text(
        "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    )
    cluster.sql("SELECT pg_reload_conf()")
    yield cluster
    if cluster.process is not None:
        cluster.process.stop()
    shutil.rmtree(cluster.data)


async def test_what_a_server_of_its_own_may_have_wrong(
    tmp_path: Path, unsafe_postgresql: PostgreSQL, redis_url: str, namespace: str
) -> None:
    """Fsync off, too few connections; a wrong password; frozen: each its line."""
    from store.migrate import migrate

    server = unsafe_postgresql
    url = server.url(TEMPLATE).replace("unused", PASSWORD)
    await migrate(url)

    told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "database safety"), ("warning", "database connections")]
    assert "fsync off" in told.line("database safety")["says"]

    wrong = url.replace(PASSWORD, f"{PASSWORD}-not")
    told = await examined_with(tmp_path, wrong, redis_url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "database")]
    assert "password is wrong" in told.line("database")["says"]

    server.sql("ALTER ROLE lockstep_app BYPASSRLS")
    told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    assert ("wrong", "database login") in told.bad()
    assert "lockstep_app" in told.line("database login")["says"]
    refused = await _started(tmp_path, url)
    assert "lockstep_app is a superuser, may bypass" in refused
    assert "`lockstep doctor`" in refused
    assert "Traceback" not in refused

    assert server.process is not None
    server.process.pause()
    told = await examined_with(tmp_path, url, redis_url, NAMESPACE=namespace)
    server.process.resume()
    assert told.bad() == [("wrong", "database")]
    assert told.line("redis messages")["mark"] == "ok"


async def _started(tmp_path: Path, url: str) -> str:
    """Start the service, which must refuse; give what it said."""
    process = await asyncio.create_subprocess_exec(
        lockstep(), "serve", "--port", "0",
        env=environment(DATABASE_URL=url, SECRET_KEY=SECRET_KEY), cwd=tmp_path,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 1
    return printed.decode()


# Redis


async def test_a_redis_that_is_away_is_one_line(tmp_path: Path, postgresql_url: str) -> None:
    """The database is checked all the same."""
    url = f"redis://me:{PASSWORD}@127.0.0.1:{free_port()}/0"
    told = await examined_with(tmp_path, postgresql_url, url)
    assert told.bad() == [("wrong", "redis")]
    assert "cannot be reached" in told.line("redis")["says"]
    assert told.line("database schema")["mark"] == "ok"


async def test_a_wrong_port_for_redis_is_one_line(
    tmp_path: Path, postgresql: PostgreSQL, postgresql_url: str
) -> None:
    """Something answers there, and is no Redis; be it PostgreSQL."""
    with something_else() as port:
        told = await examined_with(
            tmp_path, postgresql_url, f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
        )
        assert told.bad() == [("wrong", "redis")]
    told = await examined_with(tmp_path, postgresql_url, f"redis://127.0.0.1:{postgresql.port}/0")
    assert told.bad() == [("wrong", "redis")]


async def test_a_server_without_tls_is_one_line(
    tmp_path: Path, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """Asked for TLS, one says no and one says nothing; TLS is in both lines."""
    told = await examined_with(
        tmp_path, f"{postgresql_url}?ssl=require", redis_url.replace("redis:", "rediss:"),
        NAMESPACE=namespace,
    )  # fmt: skip
    assert told.bad() == [("wrong", "database"), ("wrong", "redis")]
    assert "TLS" in told.line("database")["says"]
    assert "TLS" in told.line("redis")["advice"]  # all that Redis does is wait for more
    told = await examined_with(
        tmp_path, f"{postgresql_url}?sslmode=x", redis_url, NAMESPACE=namespace
    )
    assert told.bad() == [("wrong", "database")]
    assert "ssl=require" in told.line("database")["advice"]


async def test_a_cluster_that_is_none_is_one_line(
    tmp_path: Path, postgresql_url: str, redis_url: str, namespace: str
) -> None:
    """One server that was named like a cluster."""
    url = redis_url.replace("redis://", "redis+cluster://").rpartition("/")[0]
    told = await examined_with(tmp_path, postgresql_url, url, NAMESPACE=namespace)
    assert told.bad() == [("wrong", "redis")]
    assert "redis+cluster://" in told.line("redis")["advice"]


async def test_what_a_redis_of_its_own_may_have_wrong(
    tmp_path: Path, postgresql_url: str, own_redis: RedisServer
) -> None:
    """No end of memory for subscribers; a wrong password; rights that are missing; frozen."""
    server = own_redis

    async def told_with(login: str) -> Told:
        return await examined_with(
            tmp_path, postgresql_url, f"redis://{login}@127.0.0.1:{server.port}/0"
        )

    server.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
    told = await examined_with(tmp_path, postgresql_url, server.url())
    assert told.bad() == [("warning", "redis memory")]
    server.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60")

    rights = (
        Path(__file__).parents[3] / "containers" / "redis_users.acl"
    ).read_text().splitlines()[-1].replace("#DIGEST", f">{PASSWORD}").split()[1:]  # fmt: skip
    server.command("ACL", "SETUSER", *rights)
    told = await told_with(f"lockstep:{PASSWORD}")
    assert told.bad() == []
    assert "not shown" in told.line("redis memory")["says"]

    told = await told_with(f"lockstep:{PASSWORD}-not")
    assert told.bad() == [("wrong", "redis")]
    assert "refuses the login" in told.line("redis")["says"]

    server.command("ACL", "SETUSER", "lockstep", "-publish")
    told = await told_with(f"lockstep:{PASSWORD}")
    assert told.bad() == [("wrong", "redis messages")]
    assert "PUBLISH" in told.line("redis messages")["says"]

    assert server.process is not None
    server.process.pause()
    told = await examined_with(tmp_path, postgresql_url, server.url())
    server.process.resume()
    assert told.bad() == [("wrong", "redis")]
    assert "does not answer" in told.line("redis")["says"]


async def test_a_cluster_that_lost_a_master_is_wrong(
    tmp_path: Path, run: Run, postgresql_url: str
) -> None:
    """Its slots are named for it still, and nobody answers there."""
    cluster = RedisCluster.start(run)
    try:
        assert cluster.nodes[2].process is not None
        cluster.nodes[2].process.kill()
        told = await examined_with(tmp_path, postgresql_url, cluster.url)
        assert told.bad() == [("wrong", "redis")]
    finally:
        cluster.stop()
