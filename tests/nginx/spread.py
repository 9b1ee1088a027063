"""Devices on every replica, though Nginx hands sockets out at random."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from tests.faults.journal import Journal
from tests.servers.deadline import eventually
from tests.servers.replica import Replica
from tests.servers.sdk_client import SdkClient

# Of three replicas, one is left out by 40 devices once in 3 million runs.
_MOST = 40


async def on_every_replica(
    connect: Callable[[int], Awaitable[SdkClient]], replicas: Sequence[Replica], *, least: int = 0
) -> list[SdkClient]:
    """Connect devices, ``least`` at first, until each of ``replicas`` has one; give them all.

    ``connect`` is given how many there are already. Nobody else may connect meanwhile.
    """
    journal = Journal(list(replicas))
    devices: list[SdkClient] = []

    def told() -> bool:
        return sum(map(len, journal.events("connection_opened"))) >= len(devices)

    while len(devices) < least or not all(journal.events("connection_opened")):
        assert len(devices) < _MOST, "a replica gets no sockets"
        devices.append(await connect(len(devices)))
        await eventually(told, "the replica tells of its connection")
    return devices
