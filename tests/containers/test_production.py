"""docs/production.md says what is true: its commands run, and its names exist."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from http_api.settings import PREFIX, Settings
from tests.containers.compose import PRODUCTION, ROOT, load
from tests.containers.databases import Databases
from tests.docs.pages import blocks, page, rows
from tests.servers.missing import program
from tests.servers.person import Person
from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.replica import Replica, environment, lockstep
from tests.servers.run import Run
from tests.servers.unix_replica import UnixReplica

PAGE = page("docs/production.md")
SHELL = blocks(PAGE, "sh")
CONSOLE = blocks(PAGE, "console")
SERVICES = load(PRODUCTION, EDGE_SERVER_NAME="a.example")["services"]
IN_POSTGRESQL = "docker compose exec -T postgresql "


def _replaced(block: str, *pairs: tuple[str, str]) -> str:
    """Put this machine's places where the page's are; each must be there."""
    for shown, real in pairs:
        assert shown in block, shown
        block = block.replace(shown, real)
    return block


@pytest.fixture
def served(databases: Databases) -> dict[str, str]:
    """Give the settings of replicas on a migrated database."""
    settings = {"SECRETS_DIR": str(databases.secrets), "SECRET_KEY": "", "RATE_LIMITS": "off"}
    subprocess.run(
        [lockstep(), "migrate"], env=environment(**settings), cwd=databases.secrets, check=True
    )
    return settings


async def test_a_backup_is_restored_as_another_history(
    databases: Databases, served: dict[str, str], tmp_path: Path
) -> None:
    """What came after the backup is gone, and who saw it is told to load the list anew."""
    program("pg_restore", package="postgresql-client")
    dump, restore = SHELL[2], SHELL[3]
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(databases.postgresql.port)}

    def paste(block: str) -> None:
        words = ["/bin/sh", "-euc", _replaced(block, (IN_POSTGRESQL, ""))]
        subprocess.run(words, env={**os.environ, **place}, cwd=tmp_path, check=True)

    replica = await Replica.start(databases.run, **served)
    ann = await Person.register(replica)
    shared = await ann.make_list()
    kept = await ann.add_todo(shared, "kept")
    paste(dump)
    lost = await ann.add_todo(shared, "lost")
    await replica.stop()
    paste(restore)
    await replica.launch()
    try:
        await ann.log_in()
        snapshot = await ann.call("GET", f"/lists/{shared}")
        assert [todo["title"] for todo in snapshot["todos"]] == ["kept"]
        assert snapshot["offset"] == kept["offset"]
        assert snapshot["epoch"] != kept["epoch"]
        # The number that the lost change had goes to another one.
        again = await ann.add_todo(shared, "new")
        assert again["offset"] == lost["offset"]
        seen = {"since": lost["offset"], "epoch": lost["epoch"]}
        refused = await ann.answer("GET", f"/lists/{shared}/changes", **seen)
        assert (refused.status_code, refused.json()["code"]) == (410, "history_pruned")
    finally:
        await replica.stop()


async def test_three_replicas_and_nginx_by_hand(
    databases: Databases, run: Run, tmp_path: Path
) -> None:
    """The block for a machine without containers migrates, serves and renders, as it stands."""
    nginx = program("nginx", package="nginx-light")
    both = tmp_path / "both.pem"
    trustme.CA().issue_cert("todo.example.org").private_key_and_cert_chain_pem.write_to_path(both)
    sockets = tmp_path / "run"
    sockets.mkdir()
    local = f"localhost:{databases.postgresql.port}"
    serving, migrating = (
        databases.secret(f"postgresql_{kind}_password") for kind in ("serving", "migrating")
    )
    block = _replaced(
        SHELL[1],
        ("lockstep:secret@localhost:5432", f"lockstep:{serving}@{local}"),
        ("lockstep_migrate:secret@localhost:5432", f"lockstep_migrate:{migrating}@{local}"),
        ("redis://localhost:6379/0", databases.secret("lockstep_redis_url")),
        ("/opt/lockstep/.venv/bin/lockstep", str(lockstep())),
        ("/opt/lockstep/nginx/render.py", f"{sys.executable} {ROOT}/nginx/render.py"),
        ("/opt/lockstep/http_api", f"{ROOT}/http_api"),
        ("EDGE_RUN_DIR=/run\n", f"EDGE_RUN_DIR={tmp_path}\n"),
        ("/run/lockstep", str(sockets)),
        ("/etc/nginx/nginx.conf", str(tmp_path / "nginx.conf")),
        ("nginx -t\n", f"{nginx} -t -p {tmp_path} -e error.log -c {tmp_path}/nginx.conf\nwait\n"),
    )
    edge = {
        "EDGE_CERTIFICATE": both,
        "EDGE_CERTIFICATE_KEY": both,
        "EDGE_ACCESS_LOG": tmp_path / "access.log",
        "EDGE_ERROR_LOG": tmp_path / "error.log",
        "EDGE_HTTPS_LISTEN": free_port(),
        "EDGE_HTTP_LISTEN": free_port(),
    }
    given = {**environment(), **{name: str(value) for name, value in edge.items()}}
    process = Process(run, "by-hand", ["/bin/sh", "-euc", block], cwd=tmp_path, env=given)

    def is_ready() -> bool:
        found = [Listening(run, {}, sockets, number) for number in (1, 2, 3)]
        return "test is successful" in process.log() and all(one.is_ready() for one in found)

    try:
        process.wait_until_ready(is_ready, within_s=60)
        assert "empty → " in process.log()
        assert '"worker_started"' in process.log()
        [asked] = [block for block in CONSOLE if block.startswith("curl ")]
        words = _replaced(asked, ("/run/lockstep", str(sockets))).split()
        words[0] = str(program("curl", package="curl"))
        answered = await asyncio.to_thread(subprocess.check_output, words, text=True)
        assert '"status":"ready"' in answered
        assert "https://todo.example.org$request_uri" in (tmp_path / "nginx.conf").read_text()
    finally:
        process.kill()


class Listening(UnixReplica):
    """Look at a replica that something else started; ``port`` is its number."""

    @property
    def path(self) -> Path:
        """The Unix socket."""
        return self.directory / f"{self.port}.sock"


def test_the_unit_is_one(tmp_path: Path) -> None:
    """By systemd's own judgement, and with the times that a drain needs."""
    analyze = program("systemd-analyze", package="systemd")
    [unit] = blocks(PAGE, "ini")
    path = tmp_path / "lockstep@.service"
    path.write_text(_replaced(unit, ("/opt/lockstep/.venv/bin/lockstep", str(lockstep()))))
    found = subprocess.run(
        [analyze, "verify", "--man=no", path], capture_output=True, text=True, check=False
    )
    assert "lockstep@" not in found.stderr, found.stderr
    stop = re.search(r"TimeoutStopSec=(\d+)", unit)
    assert stop is not None
    assert int(stop[1]) > 20


def test_commands_name_services_and_options_that_exist() -> None:
    """What is not run here, because it needs an engine, is at least there."""
    assert len(SHELL) == 4
    called = re.findall(
        r"docker compose (?:-f \S+ )*(up|exec|run|stop)((?: -\S+)*)((?: [\w$-]+)*)",
        "\n".join([*SHELL, *CONSOLE]),
    )
    assert {command for command, _, _ in called} == {"up", "exec", "run", "stop"}
    for command, _, words in called:
        names = words.replace("$n", "1").split()
        assert set(names[:1] if command in ("exec", "run") else names) <= set(SERVICES)
    helped = subprocess.run(
        [lockstep(), "migrate", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "--before" in helped
    files = r"(?<![\w/])(?:containers|nginx)/\w+\.\w+|docker-compose[\w.]*\.yml"
    for name in re.findall(files, PAGE):
        assert (ROOT / name).exists(), name


def test_settings_secrets_and_events_are_the_code_s() -> None:
    """A sign that never comes, or a file that nobody makes, would be worse than none."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(rf"{PREFIX}[A-Z0-9_]+", PAGE)) <= known
    script = (ROOT / "containers" / "secrets.sh").read_text()
    kept = re.search(r"^## Secrets\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    assert kept is not None
    for name in {name for row in rows(kept[1]) for name in re.findall(r"`(\w+)`", row[0])}:
        assert name in script, name
    sources = [
        path for name in ("store", "realtime", "http_api") for path in (ROOT / name).rglob("*.py")
    ]
    code = "".join(path.read_text() for path in sources)
    signs = re.search(r"^## What to watch\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    assert signs is not None
    events = [row[0] for row in rows(signs[1]) if row[1].startswith("log of")]
    for event in re.findall(r"`(\w+)`", " ".join(events)):
        assert f'"{event}"' in code, event
