"""A real Redis server, keeping nothing on disk."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from tests.servers.missing import program
from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.run import Run

DATABASES = 10_000


@dataclass
class RedisServer:
    """Hold one running Redis; in another test process than the starting one ``process`` is None.

    Only the test that started a server for itself may stop, kill or freeze it.
    """

    port: int
    options: tuple[str, ...] = field(default_factory=tuple)
    process: Process | None = None

    @classmethod
    def start(cls, run: Run, *options: str) -> RedisServer:
        """Start a server; ``options`` are added to its command line."""
        server = cls(free_port(), options)
        server.launch(run)
        return server

    def launch(self, run: Run) -> None:
        """Start the server on its port (again, after a stop or a kill)."""
        self.process = Process(
            run,
            "redis",
            [program("redis-server", package="redis-server"), "--bind", "127.0.0.1",
             "--port", str(self.port), "--databases", str(DATABASES), "--save", "",
             "--appendonly", "no", *self.options],
        )  # fmt: skip
        self.process.wait_until_ready(self.is_ready)

    def is_ready(self) -> bool:
        """Tell whether it answers PING."""
        try:
            return self.command("PING").startswith("+PONG")
        except OSError:
            return False

    def command(self, *words: str) -> str:
        """Send one command and give the first 64 KiB of the raw answer (RESP).

        Raises OSError when the server is gone and TimeoutError when it is frozen for 2 s.
        """
        parts = [f"*{len(words)}\r\n"]
        parts += [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        with socket.create_connection(("127.0.0.1", self.port), timeout=2.0) as connection:
            connection.sendall("".join(parts).encode())
            return connection.recv(65_536).decode()

    def url(self, database: int = 0) -> str:
        """Give the address of a logical database. Publish and subscribe ignore its number."""
        return f"redis://127.0.0.1:{self.port}/{database}"
