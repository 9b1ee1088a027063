"""A real Nginx with the project's own configuration, on loopback ports of its own."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import trustme

from nginx.render import render, replicas
from tests.servers.deadline import wait_until
from tests.servers.missing import program
from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.run import Run

NAME = "localhost"
WEB = Path(__file__).parents[2] / "http_api" / "web"


@dataclass(eq=False)
class Nginx:
    """Hold one Nginx; a stopped or killed one can be launched again.

    ``addresses`` are its replicas; ``values`` what its template is given beside what is needed to
    run here. ``authority`` is the certificate that clients have to trust.
    """

    run: Run
    addresses: Sequence[str]
    values: dict[str, str]
    directory: Path
    port: int
    plain_port: int = field(default_factory=free_port)
    process: Process | None = None

    @classmethod
    def start(
        cls, run: Run, addresses: Sequence[str], *, port: int | None = None, **values: str
    ) -> Nginx:
        """Start one before ``addresses`` (``unix:/path`` or ``host:port``); no port: any free."""
        directory = Path(tempfile.mkdtemp(prefix="nginx-", dir=run.directory))
        made = cls(run, addresses, values, directory, port or free_port())
        authority = trustme.CA()
        authority.cert_pem.write_to_path(made.authority)
        certificate = authority.issue_cert(NAME)
        certificate.private_key_pem.write_to_path(directory / "key.pem")
        for number, blob in enumerate(certificate.cert_chain_pems):
            blob.write_to_path(directory / "chain.pem", append=number > 0)
        made.configure(**values)
        made.launch()
        return made

    @property
    def host(self) -> str:
        """The name and port that clients use."""
        return f"{NAME}:{self.port}"

    @property
    def origin(self) -> str:
        """Its address, without a path."""
        return f"https://{self.host}"

    @property
    def websocket(self) -> str:
        """The address of the socket."""
        return f"wss://{self.host}/connection/websocket"

    @property
    def authority(self) -> Path:
        """The file with the certificate to trust."""
        return self.directory / "authority.pem"

    def trust(self) -> ssl.SSLContext:
        """Give what a client needs to believe in the certificate, and nothing else."""
        return ssl.create_default_context(cafile=str(self.authority))

    def configure(self, **values: str) -> None:
        """Write the configuration; it takes effect at the next launch or reload."""
        fixed = {
            "EDGE_SERVER_NAME": NAME,
            "EDGE_HOST": self.host,
            "EDGE_HTTPS_LISTEN": f"127.0.0.1:{self.port}",
            "EDGE_HTTP_LISTEN": f"127.0.0.1:{self.plain_port}",
            "EDGE_REPLICAS": replicas(self.addresses),
            "EDGE_CERTIFICATE": str(self.directory / "chain.pem"),
            "EDGE_CERTIFICATE_KEY": str(self.directory / "key.pem"),
            "EDGE_WEB_DIR": str(WEB),
            "EDGE_ACME_DIR": str(self.directory / "acme"),
            "EDGE_RUN_DIR": str(self.directory),
            "EDGE_ACCESS_LOG": str(self.directory / "access.log"),
            "EDGE_ERROR_LOG": str(self.directory / "error.log"),
            # The files above are this user's own.
            "EDGE_USER": pwd.getpwuid(os.geteuid()).pw_name,
            "EDGE_WORKERS": "2",
            "EDGE_OPEN_FILES": "4096",
            "EDGE_CONNECTIONS": "2048",
        }
        self.values = values
        (self.directory / "nginx.conf").write_text(render(fixed | values), encoding="utf-8")

    def launch(self) -> None:
        """Start it on its ports (again, after a stop or a kill)."""
        self.process = Process(
            self.run,
            "nginx",
            [program("nginx", package="nginx-light"), "-p", self.directory, "-e", "error.log",
             "-c", self.directory / "nginx.conf", "-g", "daemon off;"],
            cwd=self.directory,
            stop_signal=signal.SIGQUIT,
        )  # fmt: skip
        self.process.wait_until_ready(self.is_listening)

    def is_listening(self) -> bool:
        """Tell whether it accepts connections."""
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def reload(self) -> set[int]:
        """Start new workers with the configuration as it is now; give the old workers' pids.

        Returns once the new ones are there. The old ones finish what they have.
        """
        old = self.workers()
        self._process_id.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.workers() - old) >= 2, "new workers")
        return old

    def workers(self) -> set[int]:
        """Give the pids of its worker processes, old ones that still finish included."""
        return {child.pid for child in self._process_id.children()}

    def kill(self) -> None:
        """End it and its workers at once (kill -9), as a crash would."""
        if self.process is not None:
            self.process.kill()

    def close(self) -> None:
        """End it and remove its files."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def lines(self) -> list[dict[str, Any]]:
        """Give the lines of its access log; raises ValueError when one is no JSON object."""
        return [dict(json.loads(line)) for line in self.access_log().splitlines()]

    def access_log(self) -> str:
        """Give the access log as it is."""
        return (self.directory / "access.log").read_text(encoding="utf-8")

    def error_log(self) -> str:
        """Give the error log."""
        return (self.directory / "error.log").read_text(errors="replace")

    @property
    def _process_id(self) -> psutil.Process:
        if self.process is None:
            raise RuntimeError("not launched")
        return psutil.Process(self.process.pid)
