"""Speak to a replica over a real WebSocket, message by message, without an SDK between."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

DEADLINE_S = 15.0  # only a failing test waits that long


class SocketClient:
    """Hold one socket; pings are answered, and shown among the ``messages`` nobody has taken."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._changed = asyncio.Condition()
        self._id = 0
        self.messages: list[dict[str, Any]] = []
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, address: str) -> Self:
        """Do the handshake."""
        protocols = [Subprotocol("centrifuge-json")]
        socket = await connect(address, subprotocols=protocols, proxy=None)
        assert socket.subprotocol == "centrifuge-json"
        return cls(socket)

    async def call(self, name: str, **body: Any) -> dict[str, Any]:
        """Send one command; take its whole reply out."""
        self._id += 1
        number = self._id
        await self._socket.send(json.dumps({"id": number, name: body}))
        return await self.take(lambda message: message.get("id") == number)

    async def take(self, wanted: Any) -> dict[str, Any]:
        """Wait for the first message that is ``wanted``, and take it out."""
        async with asyncio.timeout(DEADLINE_S), self._changed:
            await self._changed.wait_for(lambda: any(wanted(one) for one in self.messages))
            found = next(one for one in self.messages if wanted(one))
            self.messages.remove(found)
            return found

    async def close(self) -> None:
        """Hang up."""
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                assert isinstance(frame, str)
                async with self._changed:
                    heard = [json.loads(line) for line in frame.split("\n")]
                    self.messages.extend(heard)
                    self._changed.notify_all()
                for message in heard:
                    if not message:
                        await self._socket.send("{}")
        except ConnectionClosed:
            return
