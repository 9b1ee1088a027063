"""A real Neo4j server, Community edition, started from its jars in a temporary directory."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from tests.servers.deadline import wait_until
from tests.servers.missing import missing, program
from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.run import Run

_POM = Path(__file__).parents[1] / "neo4j" / "pom.xml"

# 5 s on a quiet machine, mostly of both cores.
_READY_WITHIN_S = 120.0

# Strict: an unknown key stops the start.
_CONFIGURATION = {
    "server.default_listen_address": "127.0.0.1",
    "server.bolt.listen_address": "127.0.0.1:{port}",
    "server.bolt.advertised_address": "127.0.0.1:{port}",
    "server.http.enabled": "false",
    "server.https.enabled": "false",
    "dbms.usage_report.enabled": "false",
    "server.memory.pagecache.size": "64m",
    "db.tx_log.preallocate": "false",  # half a gigabyte of empty files otherwise
    "db.tx_log.rotation.size": "16m",
    "db.transaction.timeout": "60s",
    "db.lock.acquisition.timeout": "10s",
}

# Compiled quickly, not well: most of a run of the tests is each query's first time.
_OPTIONS = (
    "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
    "--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true", "-Dfile.encoding=UTF-8", "-Djava.awt.headless=true",
)  # fmt: skip


def jars() -> Path:
    """Give the folder into which tests/install_servers.sh puts the server's jars."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    key = hashlib.sha256(_POM.read_bytes()).hexdigest()
    return home / "lockstep" / "neo4j" / key / "lib"


@dataclass
class Neo4jServer:
    """Hold one running server; in another test process than the starting one ``process`` is None.

    Only the test that started a server for itself may stop, kill or freeze it.
    """

    port: int
    home: Path
    pid: int = 0
    log_path: Path | None = None
    password: str | None = None
    process: Process | None = field(default=None, repr=False)

    @classmethod
    def launch_new(cls, run: Run, password: str | None = None) -> Self:
        """Start a server with an empty database, without waiting for it.

        With a ``password`` it lets in the user neo4j only, else everyone.
        """
        home = Path(tempfile.mkdtemp(prefix="neo4j-", dir=run.directory))
        for folder in ("conf", "data", "logs", "run", "import", "plugins"):
            (home / folder).mkdir()
        server = cls(free_port(), home, password=password)
        server.launch(run)
        return server

    @classmethod
    def start(cls, run: Run, password: str | None = None) -> Self:
        """Start a server with an empty database and wait until it answers."""
        server = cls.launch_new(run, password)
        server.wait_until_ready()
        return server

    def launch(self, run: Run) -> None:
        """Start the server on its data and port (again, after a stop or a kill); do not wait."""
        java = program("java", package="default-jdk-headless")
        if not jars().is_dir():
            missing("the jars of Neo4j")
        configuration = _CONFIGURATION | {
            "dbms.security.auth_enabled": "false" if self.password is None else "true"
        }
        lines = [f"{key}={value.format(port=self.port)}\n" for key, value in configuration.items()]
        (self.home / "conf" / "neo4j.conf").write_text("".join(lines))
        if self.password is not None and not any((self.home / "data").iterdir()):
            subprocess.run(
                [java, "-cp", f"{jars()}/*", "org.neo4j.server.startup.Neo4jAdminCommand",
                 "dbms", "set-initial-password", self.password],
                env={**os.environ, "NEO4J_HOME": str(self.home),
                     "NEO4J_CONF": str(self.home / "conf")},
                check=True, capture_output=True,
            )  # fmt: skip
        self.process = Process(
            run,
            "neo4j",
            [java, *_OPTIONS, "-cp", f"{jars()}/*", "org.neo4j.server.CommunityEntryPoint",
             f"--home-dir={self.home}", f"--config-dir={self.home / 'conf'}", "--console-mode"],
            # A clean stop takes ten seconds, for data that nobody will read again.
            stop_signal=signal.SIGKILL,
        )  # fmt: skip
        self.pid, self.log_path = self.process.pid, self.process.log_path

    def wait_until_ready(self) -> None:
        """Wait until it answers a query; raise RuntimeError with its log when it ends or hangs.

        Its exit status: 3 a bad configuration, 2 a store in use, 1 anything else.
        """
        try:
            wait_until(lambda: self.is_over() or self.is_ready(), "Neo4j", within_s=_READY_WITHIN_S)
        except TimeoutError as late:
            raise RuntimeError(f"{late}; its log:\n{self.log()}") from late
        if self.is_over():
            raise RuntimeError(f"Neo4j ended; its log:\n{self.log()}")

    def is_ready(self) -> bool:
        """Tell whether it answers a query; a listening port is not enough."""
        try:
            return self.query("RETURN 1 AS one") == [{"one": 1}]
        except (DriverError, Neo4jError, OSError):
            return False

    def is_over(self) -> bool:
        """Tell whether the process has ended."""
        try:
            return psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def query(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a query by itself and give its rows. Raises what the driver raises."""
        with (
            GraphDatabase.driver(
                self.url, auth=None if self.password is None else ("neo4j", self.password),
                connection_timeout=3.0, max_transaction_retry_time=0.0,
                telemetry_disabled=True,
            ) as driver,
            driver.session(database="neo4j") as session,
        ):  # fmt: skip
            return session.run(text, parameters).data()

    @property
    def url(self) -> str:
        """Its address."""
        return f"bolt://127.0.0.1:{self.port}"

    def log(self) -> str:
        """Give the end of what it said."""
        text = "" if self.log_path is None else self.log_path.read_text(errors="replace")
        return text[-20_000:]

    def empty(self) -> None:
        """Remove all data of a server that was killed: the next launch begins with none."""
        for folder in ("data", "run"):
            shutil.rmtree(self.home / folder)
            (self.home / folder).mkdir()

    def remove(self) -> None:
        """End it at once, and remove its data."""
        if self.process is not None:
            self.process.kill()
        shutil.rmtree(self.home, ignore_errors=True)
