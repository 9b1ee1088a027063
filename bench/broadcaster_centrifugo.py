"""Centrifugo, when its binary is on the path: the same protocol, with history and recovery."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from bench.broadcaster import MESSAGE_BYTES
from bench.client_http import HttpClient
from bench.cores import SERVER_CORE, pin
from bench.fanout_client import Dialect
from bench.site import Site
from tests.servers.ports import free_port, is_listening
from tests.servers.process import Process

__all__ = ["centrifugo_broadcaster", "has_centrifugo"]

_KEY = "throw-away"
_CHANNEL = "list:1"
# What the channel's name, the offset and their keys take of a publication.
_AROUND = len('{"push":{"channel":"list:1","pub":{"data":{"text":""},"offset":100}}}')


def has_centrifugo() -> bool:
    """Tell whether the binary (version 6) is on the path."""
    return shutil.which("centrifugo") is not None


class _Centrifugo:
    """Hold the running server and a connection to its API."""

    name = "Centrifugo"
    dialect = Dialect(
        "centrifugo",
        "/connection/websocket",
        (f'{{"id":1,"connect":{{}}}}\t{{"id":2,"subscribe":{{"channel":"{_CHANNEL}"}}}}',),
    )

    def __init__(self, pid: int, port: int, http: HttpClient) -> None:
        self.pid = pid
        self.port = port
        self._http = http

    async def publish(self, together: int = 1) -> Mapping[int, int]:
        """Publish one after another in one request."""
        data = {"text": "x" * (MESSAGE_BYTES - _AROUND)}
        command = {"publish": {"channel": _CHANNEL, "data": data}}
        body = orjson.dumps({"commands": [command] * together})
        moment = time.time_ns()
        answer = await self._http.ask(
            b"POST /api/batch HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %b\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (_KEY.encode(), len(body), body)
        )
        return {reply["publish"]["offset"]: moment for reply in answer["replies"]}

    def begun(self, moments: Mapping[int, int]) -> Mapping[int, int]:
        """Give the moments themselves: the requests'."""
        return moments

    async def collect(self) -> None:
        """Wait for Go's collector, which runs at least every two minutes: not at all."""


@asynccontextmanager
async def centrifugo_broadcaster(site: Site) -> AsyncIterator[_Centrifugo]:
    """Start Centrifugo on the server's core; it ends with the block.

    Raises RuntimeError with its log when it does not start.
    """
    port = free_port()
    namespace = {
        "name": "list",
        "history_size": 1_000,
        "history_ttl": "600s",
        "force_recovery": True,
        "presence": True,
        "allow_subscribe_for_client": True,
        "allow_subscribe_for_anonymous": True,
    }
    config = {
        "client": {"insecure": True},
        "http_server": {"address": "127.0.0.1", "port": port},
        "http_api": {"key": _KEY},
        "channel": {"namespaces": [namespace]},
    }
    directory = Path(tempfile.mkdtemp(prefix="centrifugo-", dir=site.run.directory))
    (directory / "config.json").write_text(json.dumps(config))
    process = Process(site.run, "centrifugo", ["centrifugo", "-c", directory / "config.json"])
    pin(process.pid, SERVER_CORE)  # before it counts its processors
    await asyncio.to_thread(process.wait_until_ready, lambda: is_listening(port))
    pin(process.pid, SERVER_CORE)
    http = await HttpClient.open("127.0.0.1", port)
    try:
        yield _Centrifugo(process.pid, port, http)
    finally:
        http.close()
        process.kill()
