"""Speak to a replica as a client would, over an ASGI websocket in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from realtime.replica import Replica
from tests.realtime.binary import commands as spelled
from tests.realtime.binary import replies

DEADLINE_S = 15.0  # only a failing test waits that long


class AsgiClient:
    """Hold one websocket to a replica; use it as a context, or ``open`` and ``close`` it.

    Frames are split into messages; pings (``{}``) are answered and not shown. ``reading`` cleared:
    the client's machine takes nothing more, and the server's ``send`` waits.
    """

    def __init__(
        self, replica: Replica, *, origin: str | None = None, subprotocols: Sequence[str] = ()
    ) -> None:
        self.replica = replica
        self.accepted: dict[str, Any] | None = None
        self.refused: int | None = None
        self.refusal_headers: dict[bytes, bytes] = {}
        self.closed: tuple[int, str] | None = None
        self.frames: list[str] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.answers_pings = True
        self.pings = 0
        self.client = ""
        self._id = 0
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._messages: list[dict[str, Any]] = []
        self._changed = asyncio.Condition()
        headers = [] if origin is None else [(b"origin", origin.encode("latin-1"))]
        self._scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/connection/websocket",
            "headers": headers,
            "subprotocols": list(subprotocols),
            "extensions": {"websocket.http.response": {}},
        }
        self._app: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------------

    async def open(self) -> Self:
        """Do the handshake."""
        self._to_server.put_nowait({"type": "websocket.connect"})
        self._app = asyncio.create_task(
            self.replica.websocket(self._scope, self._to_server.get, self._send)
        )
        await self._wait(lambda: self.accepted is not None or self.refused is not None)
        return self

    async def close(self) -> None:
        """Hang up, and wait until the server's side has ended."""
        self.reading.set()
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": 1005})
        if self._app is not None:
            await asyncio.wait_for(self._app, DEADLINE_S)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def binary(self) -> bool:
        """Tell whether the handshake chose binary messages."""
        return (self.accepted or {}).get("subprotocol") == "centrifuge-protobuf"

    # --- speaking ---------------------------------------------------------------------------------

    def say(self, *commands: dict[str, Any]) -> None:
        """Send commands in one frame, as they are."""
        if self.binary:
            self.send_bytes(spelled(*commands))
            return
        self.send("\n".join(json.dumps(command) for command in commands))

    def send(self, text: str) -> None:
        """Send a frame, as it is."""
        self._to_server.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self._to_server.put_nowait({"type": "websocket.receive", "bytes": data})

    async def call(self, name: str, **body: Any) -> dict[str, Any]:
        """Send one command and give its whole reply."""
        self._id += 1
        number = self._id
        self.say({"id": number, name: body})
        return await self.reply(number)

    async def connect(self, token: str, **body: Any) -> dict[str, Any]:
        """Authenticate; gives the reply's ``connect``."""
        reply = await self.call("connect", token=token, **body)
        connected: dict[str, Any] = reply["connect"]
        self.client = connected["client"]
        return connected

    # --- listening --------------------------------------------------------------------------------

    async def reply(self, number: int) -> dict[str, Any]:
        """Wait for the reply to a command, and take it out."""
        return await self.take(lambda message: message.get("id") == number)

    async def push(self, kind: str = "pub", channel: str | None = None) -> dict[str, Any]:
        """Wait for the next push of a kind (and channel), take it out, give its body."""
        message = await self.take(
            lambda one: kind in one.get("push", {}) and channel in (None, one["push"]["channel"])
        )
        body: dict[str, Any] = message["push"][kind]
        return body

    async def take(self, wanted: Any) -> dict[str, Any]:
        """Wait for the first message that is ``wanted``, and take it out."""
        await self._wait(lambda: any(wanted(one) for one in self._messages))
        message = next(one for one in self._messages if wanted(one))
        self._messages.remove(message)
        return message

    def waiting(self, kind: str = "pub", channel: str | None = None) -> list[dict[str, Any]]:
        """Give the pushes of a kind (and channel) that nobody has taken yet."""
        pushes = [one["push"] for one in self._messages if kind in one.get("push", {})]
        return [one[kind] for one in pushes if channel in (None, one["channel"])]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Give everything nobody has taken yet."""
        return self._messages

    async def end(self) -> tuple[int, str]:
        """Wait for the server to close; gives code and reason."""
        await self._wait(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed

    # --- parts ------------------------------------------------------------------------------------

    async def _wait(self, until: Any) -> None:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(until), DEADLINE_S)
            except TimeoutError:
                shown = f"closed {self.closed}, unread {self._messages}"
                raise AssertionError(
                    f"the server did not say it in {DEADLINE_S} s: {shown}"
                ) from None

    async def _send(self, message: Any) -> None:
        await self.reading.wait()
        async with self._changed:
            match message["type"]:
                case "websocket.accept":
                    self.accepted = message
                case "websocket.http.response.start":
                    self.refused = message["status"]
                    self.refusal_headers = dict(message["headers"])
                case "websocket.close":
                    self.closed = (message["code"], message["reason"])
                    self._to_server.put_nowait({"type": "websocket.disconnect", "code": 1000})
                case "websocket.send":
                    self._hear(message)
            self._changed.notify_all()

    def _hear(self, sent: Any) -> None:
        if self.binary:
            heard = replies(sent["bytes"])
        else:
            self.frames.append(sent["text"])
            heard = [json.loads(line) for line in sent["text"].split("\n")]
        for message in heard:
            if message:
                self._messages.append(message)
                continue
            self.pings += 1
            if self.answers_pings:
                self.say({})
