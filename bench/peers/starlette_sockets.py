"""The ordinary way with Starlette: a set of sockets, ``send_text`` to each in turn."""

from __future__ import annotations

import contextlib

from publication import application, change, encode
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

sockets: set[WebSocket] = set()


async def publish(offset: int) -> None:
    """Send a change to everyone."""
    text = encode(change(offset))
    for socket in list(sockets):
        await socket.send_text(text)


async def follow(socket: WebSocket) -> None:
    """Keep a socket among the others for as long as it is open."""
    await socket.accept()
    sockets.add(socket)
    try:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.receive_text()
    finally:
        sockets.discard(socket)


app = application(publish, WebSocketRoute("/socket", follow))
