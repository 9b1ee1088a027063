"""Other servers that fan out (``bench/peers``), each told over HTTP what to send."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.client_http import HttpClient
from bench.cores import SERVER_CORE, pin
from bench.fanout_client import Dialect
from bench.site import Site
from tests.servers.ports import free_port, is_listening
from tests.servers.process import Process
from tests.servers.replica import environment

__all__ = ["PEERS", "PeerKind", "peer_broadcaster"]

_ROOT = Path(__file__).parents[1]
_PEERS = _ROOT / "bench" / "peers"
_PYTHON = _ROOT / ".venv" / "peers" / "bin" / "python"
_PLAIN = Dialect("plain", "/socket")
_SOCKETIO = Dialect("socketio", "/socket.io/?EIO=4&transport=websocket")


@dataclass(frozen=True, slots=True)
class PeerKind:
    """Say how to start a peer; ``module`` is a file of ``bench/peers`` or ``bench/peers/node``.

    ``slow``: ten thousand sockets would keep it busy for minutes.
    """

    name: str
    module: str
    dialect: Dialect
    slow: bool = False

    @property
    def why_missing(self) -> str | None:
        """Say what is not installed here; None when it can be started."""
        if not self.module.endswith(".mjs"):
            return None if _PYTHON.exists() else "its Python packages"
        if shutil.which("node") is None:
            return "Node"
        return None if (_PEERS / "node" / "node_modules").is_dir() else "its Node packages"

    def argv(self, port: int) -> list[str | Path]:
        """Give the command that serves it."""
        if self.module.endswith(".mjs"):
            return ["node", "--expose-gc", _PEERS / "node" / self.module, str(port)]
        return [
            _PYTHON, "-m", "uvicorn", f"{self.module}:app", "--host", "127.0.0.1", "--port",
            str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log",
            "--log-level", "warning", "--timeout-keep-alive", "600",
        ]  # fmt: skip


PEERS = (
    PeerKind("ws on Node", "ws_server.mjs", _PLAIN),
    PeerKind("Socket.IO on Node", "socketio_server.mjs", _SOCKETIO),
    PeerKind("Starlette send_text", "starlette_sockets", _PLAIN),
    PeerKind("python-socketio", "socketio_room", _SOCKETIO, slow=True),
    PeerKind("Django Channels in memory", "channels_group", _PLAIN, slow=True),
)


class _Peer:
    """Hold a running peer and the connection that tells it what to do."""

    def __init__(self, kind: PeerKind, process: Process, port: int, http: HttpClient) -> None:
        self.name = kind.name
        self.dialect = kind.dialect
        self.pid = process.pid
        self.port = port
        self._http = http

    async def publish(self, together: int = 1) -> Mapping[int, int]:
        """Have it send ``together`` messages, one after another."""
        moments = await self._http.ask(_post(f"/publish?count={together}"))
        return {int(offset): moment for offset, moment in moments.items()}

    def begun(self, moments: Mapping[int, int]) -> Mapping[int, int]:
        """Give the moments themselves."""
        return moments

    async def collect(self) -> None:
        """Have it run its garbage collector."""
        await self._http.send(_post("/collect"))


@asynccontextmanager
async def peer_broadcaster(site: Site, kind: PeerKind) -> AsyncIterator[_Peer]:
    """Start a peer on the server's core; it ends with the block.

    Raises RuntimeError with its log when it does not start.
    """
    port = free_port()
    process = Process(
        site.run,
        f"peer-{kind.module.partition('.')[0]}",
        kind.argv(port),
        env=environment() | {"PYTHONPATH": str(_PEERS)},
    )
    await asyncio.to_thread(process.wait_until_ready, lambda: is_listening(port))
    pin(process.pid, SERVER_CORE)
    http = await HttpClient.open("127.0.0.1", port)
    try:
        yield _Peer(kind, process, port, http)
    finally:
        http.close()
        process.kill()


def _post(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode()
