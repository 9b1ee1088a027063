"""The peer of ``bench/peers/fastapi_orm``, running on a database of its own."""

from __future__ import annotations

import asyncio
import http.client
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import jwt

from bench.site import Site
from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.replica import environment

__all__ = ["Peer", "start_peer"]

_ROOT = Path(__file__).parents[1]
_PYTHON = _ROOT / ".venv" / "peers" / "bin" / "python"
_PEOPLE = 8


@dataclass
class Peer:
    """Hold the running peer; ``tokens`` are those of the people it knows."""

    site: Site
    database: str
    process: Process
    port: int
    people: tuple[str, ...]
    tokens: list[str]

    @property
    def origin(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def make_lists(self, count: int) -> list[str]:
        """Make lists that all its people own; give their ids."""
        lists = [str(uuid.uuid4()) for _ in range(count)]
        ids = ", ".join(f"('{list_id}'::uuid)" for list_id in lists)
        self._sql(
            f"CREATE TEMP TABLE made AS SELECT * FROM (VALUES {ids}) AS made (id);"
            "INSERT INTO logs (kind, log_id, head) SELECT 0, id, 0 FROM made;"
            "INSERT INTO lists (id, title, created_by, created_at)"
            f" SELECT id, 'Shopping', '{self.people[0]}', now() FROM made;"
            "INSERT INTO members (list_id, user_id, username, role, joined_offset)"
            " SELECT made.id, users.id, username, 'editor', 0 FROM made, users"
        )
        return lists

    def make_people(self) -> None:
        """Make its people's accounts."""
        for number, person in enumerate(self.people):
            self._sql(
                "INSERT INTO users (id, username, name_key, inbox_id, created_at) VALUES"
                f" ('{person}', 'p{number}', 'p{number}', '{uuid.uuid4()}', now())"
            )

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/api/v1/ready")
            return connection.getresponse().status == 204
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _sql(self, statements: str) -> None:
        self.site.postgresql.sql(statements, database=self.database)


async def start_peer(site: Site) -> Peer:
    """Start the peer with a few people; raises RuntimeError with its log when it does not start."""
    if not _PYTHON.exists():
        raise RuntimeError("The peer is not installed; `make bench` does that.")
    database, port, secret = site.database(), free_port(), secrets.token_hex(32)
    # The superuser, whom row-level security does not bind: the ordinary stack has none.
    url = site.postgresql.url(database, user="postgres")
    process = Process(
        site.run,
        "peer",
        [_PYTHON, "-m", "uvicorn", "fastapi_orm.main:app", "--host", "127.0.0.1", "--port",
         str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log",
         "--log-level", "warning"],
        env=environment()
        | {
            "PYTHONPATH": str(_ROOT / "bench" / "peers"),
            "PEER_DATABASE_URL": url.replace("postgresql://", "postgresql+asyncpg://"),
            "PEER_SECRET_KEY": secret,
        },
    )  # fmt: skip
    people = tuple(str(uuid.uuid4()) for _ in range(_PEOPLE))
    claims = {"exp": int(time.time()) + 3600}
    tokens = [jwt.encode({**claims, "sub": person}, secret, "HS256") for person in people]
    peer = Peer(site, database, process, port, people, tokens)
    await asyncio.to_thread(process.wait_until_ready, peer.is_ready)
    peer.make_people()
    return peer
