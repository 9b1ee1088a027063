"""Django Channels: a message to a group, over the layer in memory."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings

settings.configure(
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    SECRET_KEY="throw-away",
    LOGGING_CONFIG=None,
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402
from publication import application, change, encode  # noqa: E402


class Follower(AsyncWebsocketConsumer):
    """Hold one socket, a member of the group."""

    async def connect(self) -> None:
        """Join the group, then accept."""
        await self.channel_layer.group_add("list", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard("list", self.channel_name)

    async def change(self, event: dict[str, Any]) -> None:
        """Pass a change on."""
        await self.send(text_data=event["text"])


async def publish(offset: int) -> None:
    """Send a change to the group."""
    message = {"type": "change", "text": encode(change(offset))}
    await get_channel_layer().group_send("list", message)


app = ProtocolTypeRouter(
    {
        "http": application(publish),
        "websocket": URLRouter([path("socket", Follower.as_asgi())]),
    }
)
