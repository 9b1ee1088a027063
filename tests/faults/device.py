"""A device that follows one list by the raw protocol and records every publication."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

_REMOVED = 2000
_DENIED = 103


@dataclass(frozen=True, slots=True)
class Received:
    """Hold one publication as it came; ``at`` is ``time.monotonic()``."""

    offset: int
    data: dict[str, Any]
    at: float


class Device:
    """Follow ``list_id``, first at ``urls[0]``, and after every loss at the next one.

    It comes back with the last offset it has and takes what the service sends, as it is sent:
    nothing is put in order or dropped here. ``start`` is the offset that the first subscription
    began at. ``closes`` are the codes of lost connections (1006: without a word). ``mistakes`` are
    resets and answers that no fault excuses. ``removed``: it was told that its person is no longer
    a member; from then on it keeps asking to be let in again.
    """

    def __init__(
        self, name: str, token: str, list_id: str, urls: Sequence[str], rng: random.Random
    ) -> None:
        self.name = name
        self.list_id = list_id
        self.start = -1
        self.received: list[Received] = []
        self.closes: list[int] = []
        self.mistakes: list[str] = []
        self.removed = False
        self.turned_away = 0
        self._channel = f"list:{list_id}"
        self._token = token
        self._urls = urls
        self._rng = rng
        self._turn = 0
        self._epoch = ""
        self._id = 1
        self._asked: dict[int, int | None] = {}  # subscribes under way: the offset they resume at
        self._ask_at: float | None = None
        self._subscribed = asyncio.Event()

    @property
    def position(self) -> int:
        """The last offset it has."""
        return self.received[-1].offset if self.received else self.start

    async def subscribed(self, *, within_s: float = 30.0) -> None:
        """Wait until it follows its list."""
        async with asyncio.timeout(within_s):
            await self._subscribed.wait()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            url = self._urls[self._turn % len(self._urls)]
            try:
                async with connect(
                    url,
                    subprotocols=[Subprotocol("centrifuge-json")],
                    compression=None,
                    ping_interval=None,
                    proxy=None,
                    open_timeout=5,
                    close_timeout=1,
                ) as socket:
                    await self._follow(socket)
            except ConnectionClosed as closed:
                self.closes.append(closed.rcvd.code if closed.rcvd else 1006)
            except (OSError, TimeoutError, WebSocketException):
                pass  # not there, or not any more: the next one
            self._turn += 1
            await asyncio.sleep(self._rng.uniform(0.05, 0.3))

    async def _follow(self, socket: ClientConnection) -> None:
        self._asked.clear()
        self._id += 1
        await socket.send(
            json.dumps({"id": self._id, "connect": {"token": self._token}})
            + "\n"
            + json.dumps(self._subscribe())
        )
        while True:
            message = await self._next(socket)
            for line in message.split("\n") if message else ():
                await self._take(socket, json.loads(line))

    async def _next(self, socket: ClientConnection) -> str:
        """Give the next message; ask for the subscription again when it is time."""
        if self._ask_at is None:
            return str(await socket.recv())
        try:
            async with asyncio.timeout(max(0.0, self._ask_at - time.monotonic())):
                return str(await socket.recv())
        except TimeoutError:
            await socket.send(json.dumps(self._subscribe()))
            return ""

    def _subscribe(self) -> dict[str, Any]:
        self._id += 1
        self._ask_at = None
        asked: dict[str, Any] = {"channel": self._channel}
        if self.start >= 0:
            asked |= {"recover": True, "epoch": self._epoch, "offset": self.position}
        self._asked[self._id] = asked.get("offset")
        return {"id": self._id, "subscribe": asked}

    async def _take(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        if not frame:
            await socket.send("{}")
        elif "push" in frame:
            self._take_push(frame["push"])
        elif frame.get("id") in self._asked:
            self._take_subscribed(self._asked.pop(frame["id"]), frame)
        elif "error" in frame and not frame["error"].get("temporary"):
            self.mistakes.append(f"refused: {frame}")

    def _take_push(self, push: dict[str, Any]) -> None:
        if push.get("channel") != self._channel:
            return
        if "pub" in push:
            self._keep(push["pub"])
        elif "unsubscribe" in push:
            if push["unsubscribe"]["code"] == _REMOVED:
                self.removed = True
            else:
                self.mistakes.append(f"reset by {push}")
            self._ask_at = time.monotonic() + 0.2

    def _take_subscribed(self, asked: int | None, frame: dict[str, Any]) -> None:
        error = frame.get("error")
        if error is not None:
            if error["code"] == _DENIED:
                self.removed = True
                self.turned_away += 1
            elif not error.get("temporary"):
                self.mistakes.append(f"not subscribed: {error}")
            self._ask_at = time.monotonic() + 0.2
            return
        told = frame["subscribe"]
        if self.removed:
            self.mistakes.append(f"let in again: {frame}")
        if asked is None:
            self.start, self._epoch = told["offset"], told["epoch"]
            self._subscribed.set()
        elif not told.get("recovered") or told.get("offset", 0) != asked:
            self.mistakes.append(f"reset at {asked}: {frame}")
        for publication in told.get("publications", ()):
            self._keep(publication)

    def _keep(self, publication: dict[str, Any]) -> None:
        self.received.append(Received(publication["offset"], publication["data"], time.monotonic()))
