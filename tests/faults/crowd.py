"""People who share lists: some write, all follow on several devices, some are removed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tests.faults.device import Device
from tests.faults.door import Door, HttpDoor, SocketDoor
from tests.faults.history import History
from tests.faults.journal import Journal
from tests.faults.reader import Reader
from tests.faults.service import Service
from tests.faults.writer import Writer
from tests.servers.deadline import eventually
from tests.servers.person import Person

# Enough to be sure, little enough for a machine that is five times slower.
_WRITES = 1_000
_LOAD_S = 150.0


@dataclass
class Guest:
    """Hold someone who only follows the first list, and is removed at some time.

    ``removed_at`` is the offset of the removal, None until it is acknowledged.
    """

    person: Person
    devices: list[Device] = field(default_factory=list)
    removed_at: int | None = None


class Crowd:
    """Hold the people, lists, writers and devices of one scenario.

    Two lists, hot and cool. The owner and a friend write to both, over HTTP and sockets, at all
    replicas in turn; each of them and each guest follows with one device at each replica. The
    snapshots are read all the time. ``journal`` is what the replicas logged since the beginning.
    """

    def __init__(self, service: Service, rng: random.Random) -> None:
        self.service = service
        self.history = History()
        self.journal = Journal(service.replicas)
        self.lists: list[str] = []
        self.before: dict[str, int] = {}  # the offset of each list when the writing began
        self.devices: list[Device] = []  # of the members
        self.guests: list[Guest] = []
        self.readers: list[Reader] = []
        self._rng = rng
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[Writer] = []
        self._doors: list[Door] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def at(
        cls,
        service: Service,
        *,
        guests: int = 1,
        timeout_s: float = 8.0,
        impatience: float = 0.0,
        pause_s: float = 0.03,
        cool_at: int | None = None,
    ) -> AsyncIterator[Crowd]:
        """Make accounts and lists, and have all devices follow; let go of all in the end.

        ``timeout_s``: how long a writer waits for one answer. ``pause_s``: between two of its
        writes, on average. ``impatience``: see ``Writer``. ``cool_at``: the only replica at which
        the cool list is written to, so that others hear of it through the bus or not at all.
        """
        await service.heal()
        seed = random.SystemRandom().getrandbits(32)
        print(f"seed {seed}")
        crowd = cls(service, random.Random(seed))
        try:
            await crowd._gather(guests)
            crowd._write(timeout_s, impatience, pause_s, cool_at)
            await crowd._follow()
            yield crowd
        finally:
            await _cancelled(crowd._tasks)
            for door in crowd._doors:
                await door.aclose()

    async def _gather(self, guests: int) -> None:
        at = self.service.replicas[0]
        names = ["owner", "friend", *(f"guest{number}" for number in range(guests))]
        people = await asyncio.gather(*(Person.register(at, name) for name in names))
        self.owner, self.friend = people[:2]
        self.guests = [Guest(person) for person in people[2:]]
        for title in ("hot", "cool"):
            list_id = await self.owner.make_list(title)
            await self.owner.share(list_id, self.friend)
            self.lists.append(list_id)
        for guest in self.guests:
            await self.owner.share(self.lists[0], guest.person, "viewer")
        for list_id in self.lists:
            self.before[list_id] = (await self.owner.position(list_id))["offset"]

    def _write(
        self, timeout_s: float, impatience: float, pause_s: float, cool_at: int | None
    ) -> None:
        hot, cool = self.lists
        plan: Sequence[tuple[Person, str, type[HttpDoor | SocketDoor]]] = (
            (self.owner, hot, HttpDoor),
            (self.friend, hot, HttpDoor),
            (self.owner, hot, HttpDoor),
            (self.friend, hot, SocketDoor),
            (self.friend, cool, HttpDoor),
            (self.owner, cool, SocketDoor),
        )
        for person, list_id, kind in plan:
            doors = self._open(person, kind, timeout_s)
            if list_id == cool and cool_at is not None:
                doors = [doors[cool_at]]
            self._writers.append(
                Writer(
                    list_id,
                    doors,
                    self.history,
                    self._chance(),
                    pause_s=pause_s,
                    impatience=impatience,
                )
            )

    def _open(
        self, person: Person, kind: type[HttpDoor | SocketDoor], timeout_s: float
    ) -> list[Door]:
        doors: list[Door] = [
            kind(replica, person.access_token, timeout_s=timeout_s)
            for replica in self.service.replicas
        ]
        self._doors += doors
        return doors

    def _chance(self) -> random.Random:
        return random.Random(self._rng.random())

    async def _follow(self) -> None:
        hot, cool = self.lists
        for list_id in self.lists:
            for person in (self.owner, self.friend):
                self.devices += self._devices(person, list_id, "hot" if list_id == hot else "cool")
        for guest in self.guests:
            guest.devices = self._devices(guest.person, hot, "hot")
        everyone = self.devices + [device for guest in self.guests for device in guest.devices]
        self._tasks += [asyncio.create_task(device.run()) for device in everyone]
        for device in everyone:
            await device.subscribed()
        for list_id in (hot, cool):
            reader = Reader(
                list_id, self.service.replicas, self.friend.access_token, self.history.head
            )
            self.readers.append(reader)
            self._tasks.append(asyncio.create_task(reader.run()))

    def _devices(self, person: Person, list_id: str, title: str) -> list[Device]:
        urls = [replica.websocket for replica in self.service.replicas]
        return [
            Device(
                f"{person.username} at {title} from replica {first}",
                person.access_token,
                list_id,
                urls[first:] + urls[:first],
                self._chance(),
            )
            for first in range(len(urls))
        ]

    # --- while it lasts ---------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def writing(self, *, at_least: int = _WRITES) -> AsyncIterator[None]:
        """Write meanwhile; end when ``at_least`` writes are acknowledged and all are answered."""
        stop = asyncio.Event()
        writers = [asyncio.create_task(writer.run(stop)) for writer in self._writers]
        self._tasks += writers
        try:
            await self.acked(50)
            yield
            await self.acked(at_least - len(self.history.acked))
            stop.set()
            await asyncio.gather(*writers)
        finally:
            await _cancelled(writers)

    async def acked(self, more: int) -> None:
        """Wait until so many more writes are acknowledged."""
        goal = len(self.history.acked) + more

        def enough() -> bool:
            for task in self._tasks:
                if task.done():
                    task.result()  # raises what ended it
            return len(self.history.acked) >= goal

        await eventually(enough, f"{goal} writes are acknowledged", within_s=_LOAD_S)

    async def remove_guest(self) -> None:
        """Remove one more guest from the first list, in between the others' writes."""
        guest = next(guest for guest in self.guests if guest.removed_at is None)
        doors = self._open(self.owner, HttpDoor, 8.0)
        writer = Writer(self.lists[0], doors, self.history, self._chance(), pause_s=0)
        command = {
            "type": "member.remove",
            "op": str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            "list_id": self.lists[0],
            "username": guest.person.username,
        }
        guest.removed_at = await writer.write(command)

    async def back(self, since: float, *, within_s: float = 5.0) -> None:
        """Wait until every replica has answered a write after ``since``; fail if that was late."""
        everyone = set(range(len(self.service.replicas)))
        await eventually(
            lambda: self.history.back(since).keys() >= everyone, "all answer again", within_s=60
        )
        took = self.history.back(since)
        assert max(took.values()) <= within_s, f"writes were back after {took}"

    def delays(self, list_id: str, since: float, until: float) -> list[float]:
        """Give, sorted, how many seconds after its answer each write reached each member's device.

        Of writes to one list, begun and answered in that time, at the first sending. Negative: the
        device had it before.
        """
        acked = {
            write.op: write.acked
            for write in self.history.acked
            if write.list_id == list_id
            and write.acked
            and since <= write.invoked <= write.acked <= until
            and not write.doubts
        }
        return sorted(
            one.at - acked[one.data["op"]]
            for device in self.devices
            for one in device.received
            if one.data["op"] in acked
        )


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
