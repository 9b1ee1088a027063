"""A real PostgreSQL server in a temporary directory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.servers.missing import missing, program
from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.run import Run

# The login that the service is given: owns its database, may create roles, is no superuser, so
# that row-level security binds it.
LOGIN = "lockstep"
TEMPLATE = "lockstep_template"

# Small, but with the guarantees of a real installation: fsync and synchronous_commit stay on.
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "jit": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
}


def _newest_binaries() -> Path:
    """Give the directory of the newest server programs on this machine."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(versions, key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    # Elsewhere than on Debian they are on the path, or beside what the path links to.
    return program("initdb", package="postgresql").resolve().parent


def _server_user() -> str | None:
    """Give the user the server runs as: PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


@dataclass
class PostgreSQL:
    """Hold one running cluster; in another test process than the starting one ``process`` is None.

    Only the test that started a cluster for itself may stop, kill or freeze it.
    """

    port: int
    binaries: Path
    data: Path
    options: Mapping[str, str] = field(default_factory=dict)
    process: Process | None = None

    @classmethod
    def start(cls, run: Run, *, options: Mapping[str, str] | None = None) -> PostgreSQL:
        """Make a new cluster and start it; ``options`` add to or replace its settings."""
        binaries = _newest_binaries()
        user = _server_user()
        data = Path(tempfile.mkdtemp(prefix="postgresql-", dir=run.directory))
        if user is not None:
            try:
                shutil.chown(data, user, user)
            except LookupError:
                missing("the user postgres (PostgreSQL does not run as root)")
        subprocess.run(
            [binaries / "initdb", "--pgdata", data, "--auth=trust", "--username=postgres",
             "--encoding=UTF8", "--locale=C", "--no-sync"],
            user=user, group=user, extra_groups=[] if user else None,
            cwd=data, check=True, capture_output=True,
        )  # fmt: skip
        cluster = cls(free_port(), binaries, data, {**_OPTIONS, **(options or {})})
        cluster.launch(run)
        cluster.sql(f"CREATE ROLE {LOGIN} LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS")
        return cluster

    def follow(self, run: Run) -> PostgreSQL:
        """Copy this server, and start the copy as a standby that follows it."""
        data = Path(tempfile.mkdtemp(prefix="standby-", dir=run.directory))
        user = _server_user()
        if user is not None:
            shutil.chown(data, user, user)
        subprocess.run(
            [self.binaries / "pg_basebackup", "--pgdata", data, "--host=127.0.0.1",
             f"--port={self.port}", "--username=postgres", "--write-recovery-conf",
             "--checkpoint=fast", "--no-sync"],
            user=user, group=user, extra_groups=[] if user else None,
            cwd=data, check=True, capture_output=True,
        )  # fmt: skip
        standby = replace(self, port=free_port(), data=data, process=None)
        standby.launch(run)
        return standby

    def launch(self, run: Run) -> None:
        """Start the server on its data and port (again, after a stop or a kill)."""
        argv: list[str | Path] = [self.binaries / "postgres", "-D", self.data, "-p", str(self.port)]
        for name, value in self.options.items():
            argv += ["-c", f"{name}={value}"]
        self.process = Process(
            run, "postgresql", argv, cwd=self.data, user=_server_user(), stop_signal=signal.SIGINT
        )
        self.process.wait_until_ready(self.is_ready, within_s=60.0)

    def is_ready(self) -> bool:
        """Tell whether it accepts connections."""
        asked: list[str | Path] = [
            self.binaries / "pg_isready",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        return subprocess.run(asked, check=False, timeout=5).returncode == 0

    def url(self, database: str, *, user: str = LOGIN) -> str:
        """Give the address of ``database``; the password is not asked for on this server."""
        return f"postgresql://{user}:unused@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, *, database: str = "postgres") -> list[str]:
        """Run ``statement`` as the superuser; give the rows, columns separated by ``|``.

        Raises RuntimeError with the server's words when it refuses.
        """
        argv: list[str | Path] = [self.binaries / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        argv += ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database]
        argv += ["-c", statement]
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.splitlines()

    def create_database(self, *, template: str = "template0") -> str:
        """Make a database that the service's login owns; give its name."""
        name = f"t_{uuid.uuid4().hex}"
        self.sql(f"CREATE DATABASE {name} OWNER {LOGIN} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, ending the connections it still has."""
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
