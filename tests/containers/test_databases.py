"""The logins that the containers' files make: enough to serve, and no more."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from tests.containers.databases import FILES, Databases
from tests.servers.person import Person
from tests.servers.replica import Replica, environment, lockstep

FORBIDDEN = [
    "CONFIG GET *",
    "CONFIG SET maxmemory 0",
    "KEYS *",
    "SCAN 0",
    "FLUSHALL",
    "FLUSHDB",
    "EVAL return 1 0",
    "SCRIPT LOAD return",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "ACL LIST",
    "BGSAVE",
    "SHUTDOWN NOSAVE",
    "REPLICAOF 127.0.0.1 1",
    "MONITOR",
    "SET other:key value",
    "GET other:key",
    "PUBLISH other:channel message",
    "SUBSCRIBE other:channel",
    "PSUBSCRIBE lockstep:*",
]


def _settings(databases: Databases) -> dict[str, str]:
    return {"SECRETS_DIR": str(databases.secrets), "SECRET_KEY": "", "RATE_LIMITS": "off"}


def _migrated(databases: Databases) -> str:
    return subprocess.run(
        [lockstep(), "migrate"],
        env=environment(**_settings(databases)),
        cwd=databases.secrets,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_secrets_are_made_once_and_each_for_one_reader(tmp_path: Path) -> None:
    """Run again, the script keeps what is there; nobody else on the machine reads it."""
    directory = tmp_path / "secrets"
    made: list[dict[str, str]] = []
    for _ in range(2):
        subprocess.run([FILES / "secrets.sh", directory], check=True)
        made.append({path.name: path.read_text() for path in directory.iterdir()})
    assert made[0] == made[1]
    assert len(set(made[0].values())) == len(made[0])
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for path in directory.iterdir():
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode in ((0o400, 0o600) if os.geteuid() == 0 else (0o444, 0o600)), path
        assert len(path.read_text()) >= 65


async def test_replicas_and_worker_need_no_more_rights(databases: Databases) -> None:
    """They serve with the logins made for them, and Redis notes no refusal."""
    run = databases.run
    assert "empty → " in _migrated(databases)
    first = await Replica.start(run, **_settings(databases))
    second = await Replica.start(run, **_settings(databases))
    try:
        ann = await Person.register(first)
        shared = await ann.make_list()
        await ann.add_todo(shared)
        ann.at = second
        snapshot = await ann.call("GET", f"/lists/{shared}")
        assert len(snapshot["todos"]) == 1
    finally:
        await first.stop()
        await second.stop()
    assert databases.refusals() == ""


def test_the_service_may_not_do_more_in_redis(databases: Databases) -> None:
    """No command that tells of others, changes the server, or leaves the service's own names."""
    password = databases.secret("redis_password")
    said = {
        words: databases.redis_says("lockstep", password, *words.split()) for words in FORBIDDEN
    }
    assert {words for words, answer in said.items() if not answer.startswith("NOPERM")} == set()
    assert databases.redis_says("lockstep", password, "SET", "lockstep:key", "value") == "OK"


def test_nobody_comes_in_without_a_password(databases: Databases) -> None:
    """The health check's user alone has none, and may ask for nothing but a sign of life."""
    assert databases.redis_says("health", "none", "PING") == "PONG"
    assert databases.redis_says("health", "none", "GET", "lockstep:x").startswith("NOPERM")
    assert "NOAUTH" in databases.redis_says("default", "none", "PING")


def test_the_serving_login_owns_nothing(databases: Databases) -> None:
    """It is neither superuser nor allowed to make roles, and row-level security binds it."""
    rights = "rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication"
    ours = "rolcanlogin AND rolname ~ 'lockstep' ORDER BY rolname"
    found = databases.postgresql.sql(f"SELECT rolname, {rights} FROM pg_roles WHERE {ours}")
    assert found == ["lockstep|f|f|f|f|f", "lockstep_migrate|f|t|f|f|f"]
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'lockstep'"
    assert databases.postgresql.sql(owner) == ["lockstep_migrate"]
