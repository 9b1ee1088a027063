"""PostgreSQL and Redis of this machine, set up by the files that the containers' are set up by."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.containers.compose import ROOT
from tests.servers.missing import program
from tests.servers.ports import free_port, is_listening
from tests.servers.postgresql import LOGIN, PostgreSQL
from tests.servers.process import Process
from tests.servers.run import Run

FILES = ROOT / "containers"


@dataclass
class Databases:
    """Hold both, and the directory ``secrets`` with what is needed to log in.

    Redis has the development's users: the same, and ``inspector``, who may do everything.
    """

    run: Run
    postgresql: PostgreSQL
    secrets: Path
    redis_port: int = field(default_factory=free_port)
    redis: Process | None = None

    def prepare(self) -> None:
        """Make the secrets, the logins and the database, and start Redis."""
        subprocess.run([FILES / "secrets.sh", self.secrets], check=True)
        self.postgresql.sql(f"DROP ROLE {LOGIN}")
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(self.postgresql.port)}
        subprocess.run(
            [FILES / "postgresql.sh"],
            env={**os.environ, **place, "SECRETS": str(self.secrets), "POSTGRES_USER": "postgres"},
            check=True,
        )
        self.redis = Process(
            self.run,
            "redis-limited",
            [program("redis-server", package="redis-server"), FILES / "redis.conf",
             "--bind", "127.0.0.1", "--port", str(self.redis_port),
             "--aclfile", self.secrets / "redis_users_development"],
        )  # fmt: skip
        self.redis.wait_until_ready(lambda: is_listening(self.redis_port))
        # The names in these addresses exist between containers only.
        for name in ("lockstep_database_url", "lockstep_migrate_database_url"):
            self._readdress(name, "postgresql:5432", self.postgresql.port)
        self._readdress("lockstep_redis_url", "redis:6379", self.redis_port)

    def _readdress(self, name: str, place: str, port: int) -> None:
        path = self.secrets / name
        assert place in path.read_text()
        path.write_text(path.read_text().replace(place, f"127.0.0.1:{port}"))

    def secret(self, name: str) -> str:
        """Give the value that a file holds."""
        return (self.secrets / name).read_text().strip()

    def redis_says(self, user: str, password: str, *command: str) -> str:
        """Send a command to Redis as ``user`` and give the answer; none is empty."""
        argv: list[str | Path] = [program("redis-cli", package="redis-tools")]
        argv += ["-p", str(self.redis_port), "--user", user, "--pass", password]
        argv += ["--no-auth-warning", *command]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    def refusals(self) -> str:
        """Give Redis's own list of what somebody tried without the right to; none is empty."""
        return self.redis_says("inspector", self.secret("redis_inspector_password"), "ACL", "LOG")

    def close(self) -> None:
        """End Redis."""
        if self.redis is not None:
            self.redis.stop()
