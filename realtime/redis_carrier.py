"""Promise what carries the bus's bytes through Redis, be it one server or a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from realtime.bus import BusState, Restored

__all__ = ["Carrier", "Heed"]

Heed = Callable[[str, bytes], None]
"""Takes a channel and what was published to it; must not wait, nor raise."""


class Carrier(Protocol):
    """Carry bytes by channel, as ``realtime.bus.Bus`` promises for messages by log."""

    @property
    def state(self) -> BusState:
        """Tell whether messages can be expected to arrive."""

    async def start(self, beat: str, heed: Heed, restored: Restored) -> None:
        """Begin; waits at most a second. ``beat``: channels that begin so are this carrier's."""

    def put(self, channel: str, payload: bytes) -> bool:
        """Queue a message, or drop it (False); returns at once."""

    async def subscribe(self, channel: str) -> bool:
        """Receive a channel; True when that is effective, which is waited for 0.1 s."""

    def unsubscribe(self, channel: str) -> None:
        """Receive a channel no longer."""

    async def aclose(self) -> None:
        """Send what is queued, at most 0.5 s, and stop; may be called again."""
