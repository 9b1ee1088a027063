"""Speak to a replica over the answer of a request, and by requests beside it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

from realtime.replica import Replica
from tests.realtime.asgi_client import DEADLINE_S, AsgiClient


class StreamClient(AsgiClient):
    """Hold one stream of a replica; commands go to ``door``, any replica of the same service.

    The request begins with the first frame. ``lines`` are those of the answer, as they came.
    """

    def __init__(self, replica: Replica, door: Replica | None = None) -> None:
        super().__init__(replica)
        self.door = door or replica
        self.status: int | None = None
        self.headers: dict[bytes, bytes] = {}
        self.lines: list[bytes] = []
        self.address: tuple[str, str] | None = None
        self.cut = False
        self._scope = {"extensions": {"lockstep.abort": {"call": self._be_cut}}}

    async def open(self) -> Self:
        """Do nothing: nothing can be asked before there is something to say."""
        return self

    async def close(self) -> None:
        """Hang up, and wait until the server's side has ended."""
        self.reading.set()
        self._to_server.put_nowait({"type": "http.disconnect"})
        if self._app is not None:
            await asyncio.wait_for(self._app, DEADLINE_S)

    def send(self, text: str) -> None:
        """Send a frame: the body of the request, or of a further one."""
        if self._app is None:
            self._app = asyncio.create_task(self._ask(text.encode()))
            return
        assert self.address is not None, "not connected: there is no address yet"
        assert self.door.emulate(*self.address, text.encode())

    def send_bytes(self, data: bytes) -> None:
        """Send a frame that need not be text."""
        self.send(data.decode())

    def over(self) -> bool:
        """Tell whether the server's side has ended."""
        return self._app is not None and self._app.done()

    async def _ask(self, first: bytes) -> None:
        """Send the request, and be served until either side ends it."""
        await self.replica.stream(self._scope, self._to_server.get, self._send, first)

    def _be_cut(self) -> None:
        self.cut = True
        self.reading.set()
        self._to_server.put_nowait({"type": "http.disconnect"})

    async def _send(self, message: Any) -> None:
        await self.reading.wait()
        async with self._changed:
            if message["type"] == "http.response.start":
                self.status, self.headers = message["status"], dict(message["headers"])
            elif not self.cut:
                self._take_in(message)
            self._changed.notify_all()

    def _take_in(self, message: Any) -> None:
        body: bytes = message["body"]
        assert body.endswith(b"\n"), "a line must be whole"
        heard = body.splitlines()
        self.lines.extend(heard)
        for line in heard:
            said = json.loads(line)
            if "session" in said.get("connect", {}):
                self.address = (said["connect"].pop("session"), said["connect"].pop("node"))
            end = said.get("push", {}).get("disconnect")
            if end is None:
                self._hear({"text": line.decode()})
            else:
                self.closed = (end["code"], end["reason"])
        assert message["more_body"] == (self.closed is None), "the answer ends with the reason"
