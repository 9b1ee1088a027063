"""A replica of Lockstep as one of the servers that fan out."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import orjson

from bench.client_http import HttpClient, post
from bench.cores import CLIENT_CORE, SERVER_CORE, pin
from bench.crowd_people import Crowd, make_crowd
from bench.fanout_client import Dialect
from bench.site import Site
from bench.stamped_replica import StampedReplica
from tests.servers.deadline import eventually

__all__ = ["PEOPLE", "LockstepBroadcaster", "lockstep_broadcaster"]

PEOPLE = 200  # as many members as a list may have


class LockstepBroadcaster:
    """Hold the replica, a list of many members, and a connection to the ``writer``.

    The writer is the replica through which the list is changed: the same one, or another, whose
    core is the clients'.
    """

    name = "Lockstep"

    def __init__(
        self,
        replica: StampedReplica,
        database: str,
        crowd: Crowd,
        todos: Mapping[str, str],
        writer: StampedReplica,
        http: HttpClient,
    ) -> None:
        assert replica.process is not None
        self.replica = replica
        self.database = database
        self.crowd = crowd
        self.pid = replica.process.pid
        self.port = replica.port
        self.dialect = Dialect("centrifugo", "/connection/websocket", crowd.greetings())
        self._todos = todos
        self._writer = writer
        self._http = http

    @asynccontextmanager
    async def written_elsewhere(self, site: Site) -> AsyncIterator[LockstepBroadcaster]:
        """Give the same replica and list with another replica as the writer, started for that."""
        writer = await site.replica(self.database)
        assert writer.process is not None
        pin(writer.process.pid, CLIENT_CORE)
        http = await HttpClient.open("127.0.0.1", writer.port)
        try:
            yield LockstepBroadcaster(
                self.replica, self.database, self.crowd, self._todos, writer, http
            )
        finally:
            http.close()
            await writer.kill()

    async def publish(self, together: int = 1) -> Mapping[int, int]:
        """Change a todo of the list that everybody follows; the moment is the request's."""
        return await self._change(self.crowd.list_id, together)

    async def write(self, together: int = 1) -> None:
        """Make the same change in a list that nobody follows."""
        (list_id,) = self._todos.keys() - {self.crowd.list_id}
        await self._change(list_id, together)

    def begun(self, moments: Mapping[int, int]) -> Mapping[int, int]:
        """Give when COMMIT had returned; for what was written together, the request's moment."""
        stamps = self._writer.stamps()
        return {
            offset: stamps.get((self.crowd.list_id, offset), moment)
            for offset, moment in moments.items()
        }

    async def collect(self) -> None:
        """Run the garbage collector of the replica."""
        before = self.replica.collections()
        os.kill(self.pid, signal.SIGUSR2)
        await eventually(lambda: self.replica.collections() > before, "garbage is collected")

    async def _change(self, list_id: str, together: int) -> Mapping[int, int]:
        commands = []
        for _ in range(together):
            op = str(uuid.uuid4())
            commands.append(
                {
                    "type": "todo.update",
                    "op": op,
                    "todo_id": self._todos[list_id],
                    "changes": {"title": f"number {op[:8]}"},
                }
            )
        body = orjson.dumps({"commands": commands, "atomic": together > 1})
        request = post("/api/v1/commands", self.crowd.owner.access_token, str(uuid.uuid4()), body)
        moment = time.time_ns()
        results = (await self._http.ask(request))["results"]
        return {result["body"]["offset"]: moment for result in results}


@asynccontextmanager
async def lockstep_broadcaster(site: Site) -> AsyncIterator[LockstepBroadcaster]:
    """Start a replica on PostgreSQL and Redis, on the server's core; it ends with the block."""
    database = site.database()
    replica = await site.replica(database)
    assert replica.process is not None
    pin(replica.process.pid, SERVER_CORE)
    crowd = await make_crowd(site, replica, database, PEOPLE)
    (unseen,) = await site.shared_lists([crowd.owner], 1)
    todos = {
        list_id: (await crowd.owner.add_todo(list_id))["todo"]["id"]
        for list_id in (crowd.list_id, unseen)
    }
    http = await HttpClient.open("127.0.0.1", replica.port)
    try:
        yield LockstepBroadcaster(replica, database, crowd, todos, replica, http)
    finally:
        http.close()
        await replica.kill()
