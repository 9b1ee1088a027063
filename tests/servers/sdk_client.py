"""What the tests see of an official SDK's client, the same for every SDK."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

# Answers the SDK's questions: given the channel (None for the connection's token).
Answer = Callable[[str | None], Awaitable[Any]]


class SdkError(Exception):
    """Carry the ``code`` and the message with which the SDK or the service refused an action."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Unauthorized(Exception):
    """Raise this from an :data:`Answer` to say that there is no token any more."""


class SdkClient(ABC):
    """Record what one client of an SDK tells, and do with it what a test wants.

    ``events`` are all events so far in the order in which the SDK gave them, with the names and
    fields of the JavaScript SDK: ``{"event": "publication", "channel": ..., "side": "client" or
    "server" (side's subscription), "offset": ..., "data": ...}``.

    ``answers`` has the app's part: ``token`` gives the connection's next access token, ``state``
    the position of a channel's state (``{"epoch", "offset"}``).
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answers: dict[str, Answer] = {}
        self._changed = asyncio.Event()

    @abstractmethod
    async def do(self, action: str, **fields: Any) -> Any:
        """Do ``action`` and give its result; raise :class:`SdkError` when it is refused.

        Actions: ``connect(url, token, options)``, ``subscribe(channel, options, state)``,
        ``unsubscribe(channel)``, ``resubscribe(channel)``, ``publish(channel, data)``,
        ``presence(channel)``, ``presenceStats(channel)``, ``history(channel, options)``,
        ``rpc(method, data)``, ``cut()`` (the network ends, without a close), ``disconnect()``,
        ``reconnect()``.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """End the client."""

    def record(self, event: dict[str, Any]) -> None:
        """Note an event and wake up who waits for it."""
        self.events.append(event)
        self._changed.set()

    async def event(
        self,
        name: str,
        *,
        after: int = 0,
        within_s: float = 30.0,
        where: Callable[[dict[str, Any]], bool] | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Wait for an event ``name`` with these ``fields`` among ``events[after:]``; give it.

        ``where`` tells more of it than fields can. Raises TimeoutError, naming all events so far,
        after ``within_s``.
        """

        def fits(event: dict[str, Any]) -> bool:
            return (
                event["event"] == name
                and fields.items() <= event.items()
                and (where is None or where(event))
            )

        try:
            async with asyncio.timeout(within_s):
                while not (found := [event for event in self.events[after:] if fits(event)]):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            so_far = "\n".join(map(str, self.events))
            message = f"no {name} {fields} within {within_s} s; events so far:\n{so_far}"
            raise TimeoutError(message) from None
        return found[0]

    async def entry(self, channel: str, kind: str, *, after: int = 0) -> dict[str, Any]:
        """Wait for a publication of ``channel`` whose entry is of the type ``kind``; give it."""
        return await self.event(
            "publication",
            after=after,
            channel=channel,
            where=lambda event: event["data"]["type"] == kind,
        )

    def publications(self, channel: str) -> list[dict[str, Any]]:
        """Give the publications of ``channel`` so far, in the order in which they came."""
        return [
            event
            for event in self.events
            if event["event"] == "publication" and event["channel"] == channel
        ]

    def offsets(self, channel: str) -> list[int]:
        """Give the offsets of the publications of ``channel`` so far."""
        return [event["offset"] for event in self.publications(channel)]
