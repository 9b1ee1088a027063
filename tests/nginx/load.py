"""People who write through Nginx without a pause, and devices that follow, while it is hurt."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.nginx.conftest import Arrive, Connect
from tests.nginx.spread import on_every_replica
from tests.nginx.visitor import Visitor
from tests.servers.deadline import eventually
from tests.servers.nginx import Nginx
from tests.servers.replica import Replica
from tests.servers.sdk_client import SdkClient

# One address must be able to do all of it: these scenarios are not about limits.
UNLIMITED = {
    "EDGE_REQUEST_RATE": "10000r/s",
    "EDGE_REQUEST_BURST": "10000",
    "EDGE_HANDSHAKE_RATE": "1000r/s",
    "EDGE_HANDSHAKE_BURST": "1000",
    "EDGE_LOGIN_RATE": "100r/s",
    "EDGE_LOGIN_BURST": "100",
}

_WRITERS = 6
_MOST = 20_000  # writes, however slow the fault is


@dataclass
class Load:
    """Hold one list, its writers and its devices.

    ``acknowledged`` counts how often each offset was given as the answer to a write. ``guest``
    only follows, with ``guest_device``; ``removed_at`` is the offset of that person's removal,
    None until it is acknowledged. ``longest_s`` is the longest that a write took.
    """

    nginx: Nginx
    list_id: str
    head: int
    people: list[Visitor]
    devices: list[SdkClient]
    guest: Visitor
    guest_device: SdkClient
    acknowledged: Counter[int] = field(default_factory=Counter)
    removed_at: int | None = None
    longest_s: float = 0.0
    _answered: dict[str, tuple[float, float]] = field(default_factory=dict)
    _writing: asyncio.Future[Any] | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def begin(
        cls, nginx: Nginx, replicas: Sequence[Replica], arrive: Arrive, connect: Connect
    ) -> Load:
        """Have everybody follow one list, on every one of ``replicas``, and begin to write."""
        people = [await arrive(nginx, "ann") for _ in range(_WRITERS)]
        guest = await arrive(nginx, "guest")
        shared = await people[0].make_list()
        for other in people[1:]:
            await people[0].share(shared, other)
        await people[0].share(shared, guest, "viewer")

        def follow(number: int) -> Awaitable[SdkClient]:
            return connect(("python", "javascript")[number % 2], people[number % len(people)])

        devices = await on_every_replica(follow, replicas, least=4)
        guest_device = await connect("python", guest)
        head = (await people[0].position(shared))["offset"]
        for device in (*devices, guest_device):
            await device.do("subscribe", channel=f"list:{shared}")
            await device.event("subscribed", side="client", channel=f"list:{shared}")
        load = cls(nginx, shared, head, people, devices, guest, guest_device)
        load._writing = asyncio.gather(*map(load._write, people))
        return load

    @property
    def channel(self) -> str:
        """The list's name on the wire."""
        return f"list:{self.list_id}"

    @property
    def sent_again(self) -> int:
        """How many sendings were cut, given up or answered with 503."""
        return sum(person.cut + person.statuses.count(503) for person in self.people)

    async def _write(self, person: Visitor) -> None:
        number = 0
        while not self._over.is_set() and self.acknowledged.total() < _MOST:
            number += 1
            begun = time.monotonic()
            done = await person.add_todo(self.list_id, f"{person.username} {number}")
            answered = time.monotonic()
            self.acknowledged[done["offset"]] += 1
            self.longest_s = max(self.longest_s, answered - begun)
            self._answered[person.username] = begun, answered

    async def remove_guest(self) -> None:
        """Remove the guest from the list, in between the writes."""
        command = {
            "type": "member.remove",
            "op": str(uuid.uuid4()),
            "list_id": self.list_id,
            "username": self.guest.username,
        }

        async def removed() -> int | None:
            done = await self.people[0].call("POST", "/commands", {"commands": [command]})
            result = done["results"][0]
            assert result["status"] in {200, 503}, result
            return int(result["body"]["offset"]) if result["status"] == 200 else None

        self.removed_at = await eventually(removed, "the removal is done", within_s=60)
        self.acknowledged[self.removed_at] += 1

    async def until_acknowledged(self, count: int) -> None:
        """Go on until ``count`` more writes were answered."""
        goal = self.acknowledged.total() + count

        def reached() -> bool:
            if self._writing is not None and self._writing.done():
                self._writing.result()  # raises what ended it
            return self.acknowledged.total() >= goal

        await eventually(reached, f"{count} more writes", within_s=60)

    async def back(self, since: float, *, within_s: float = 5.0) -> None:
        """Wait until every writer had an answer after ``since``; fail if one came late."""
        first: dict[str, float] = {}

        def all_answered() -> bool:
            for name, (_, answered) in self._answered.items():
                if answered > since:
                    first.setdefault(name, answered - since)
            return len(first) == len(self.people)

        await eventually(all_answered, "every writer is answered again", within_s=60)
        print(f"back after {max(first.values()):.2f} s")
        assert max(first.values()) <= within_s, f"writes were back after {first}"

    async def end(self) -> None:
        """Stop writing; raises what a writer raised: a refusal, or no answer in time."""
        self._over.set()
        if self._writing is not None:
            await self._writing

    async def check(self) -> None:
        """Nothing is lost, doubled, out of order or reset, for any device, and in the log."""
        count = self.acknowledged.total()
        last = self.head + count
        # An answer each for the offsets 1, 2, 3, ...: a write that was sent again took effect once.
        assert sorted(self.acknowledged.elements()) == list(range(self.head + 1, last + 1))
        assert (await self.people[0].position(self.list_id))["offset"] == last
        for device in self.devices:
            await device.event("publication", channel=self.channel, offset=last, within_s=30)
            assert device.offsets(self.channel) == list(range(self.head + 1, last + 1))
            self._was_never_reset(device)
        if self.removed_at is not None:
            await self.guest_device.event("unsubscribed", channel=self.channel, within_s=30)
            seen = self.guest_device.offsets(self.channel)
            assert seen == list(range(self.head + 1, self.head + 1 + len(seen)))
            assert self.head + len(seen) <= self.removed_at, "seen after the removal"

    def _was_never_reset(self, device: SdkClient) -> None:
        again = [
            event
            for event in device.events
            if event["event"] == "subscribed" and event["channel"] == self.channel
        ][1:]
        assert all(event["wasRecovering"] and event["recovered"] for event in again)

    def cuts(self, device: SdkClient) -> int:
        """Count how often a device lost its connection."""
        return [event["event"] for event in device.events].count("connected") - 1
