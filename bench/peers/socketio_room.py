"""python-socketio: an event to a room, under ASGI."""

from __future__ import annotations

from typing import Any

import socketio
from publication import application, change

AROUND = len('42["change",]')

server = socketio.AsyncServer(async_mode="asgi")


@server.event
async def connect(sid: str, _environ: dict[str, Any]) -> None:
    """Put everyone who comes into the room."""
    await server.enter_room(sid, "list")


async def publish(offset: int) -> None:
    """Send a change to the room."""
    await server.emit("change", change(offset, AROUND), room="list")


app = socketio.ASGIApp(server, application(publish))
