"""Count what connections hold when they have gone: nothing."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from uuid import UUID

import orjson
import pytest

from realtime.encoding_json import JSON
from realtime.replica import Replica
from store.actor import Actor
from tests.realtime.conftest import Service, settle
from tests.servers.deadline import eventually
from tests.servers.raw_websocket import TEXT, frame

PEOPLE = 40
JOINS = 2_000
GONE_S = 60.0  # by then every deadline of a connection is over, and its feeds are let go of


class Wire(asyncio.Transport):
    """Be one end of a socket, in memory; the other takes everything at once."""

    def __init__(self) -> None:
        self.received = b""
        self.protocol: asyncio.Protocol

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Be the socket, too."""
        return self if name == "socket" else default

    def setsockopt(self, *option: int) -> None:
        """Need none."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Be taken over."""
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Need none."""

    def get_write_buffer_size(self) -> int:
        """Hold nothing back."""
        return 0

    def is_closing(self) -> bool:
        """Stay open."""
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take it, and remember whether the subscription was answered."""
        self.received = bytes(data)[-200:]

    @property
    def joined(self) -> bool:
        """Tell whether the reply to the subscribe command came."""
        return b'"id":2' in self.received


@pytest.fixture
async def crowd(embedded: Service) -> list[tuple[Actor, UUID]]:
    """Give people, each with a list that is shared by four."""
    people = [await embedded.person(f"p{number}") for number in range(PEOPLE)]
    lists: list[UUID] = []
    for first in range(0, PEOPLE, 4):
        lists += [await embedded.make_list(*people[first : first + 4])] * 4
    return list(zip(people, lists, strict=True))


async def _join(service: Service, replica: Replica, crowd: list[tuple[Actor, UUID]]) -> list[Wire]:
    """Connect everybody once; all follow their inbox, the broadcasts and their list."""
    wires = []
    for person, list_id in crowd:
        token = service.token(person)
        said = (
            {"id": 1, "connect": {"token": token}},
            {"id": 2, "subscribe": {"channel": f"list:{list_id}"}},
        )
        wire = Wire()
        replica.adopt(wire, set(), JSON)
        wire.protocol.data_received(frame(TEXT, b"\n".join(map(orjson.dumps, said))))
        wires.append(wire)
    await eventually(lambda: all(wire.joined for wire in wires), "everybody has joined")
    await settle()
    return wires


async def _leave(service: Service, wires: list[Wire]) -> None:
    """Cut everybody off."""
    for wire in wires:
        wire.protocol.connection_lost(None)
    service.door.known.clear()
    await settle()


def _kinds() -> Counter[str]:
    """Count our own objects, by class."""
    gc.collect()
    kinds = Counter(map(type, gc.get_objects()))
    ours = ("realtime.", "store.")
    return Counter(
        {one.__qualname__: n for one, n in kinds.items() if str(one.__module__).startswith(ours)}
    )


async def test_joins_and_leaves_leave_nothing_behind(
    embedded: Service, crowd: list[tuple[Actor, UUID]]
) -> None:
    """However many: all our objects are given back."""
    replica = await embedded.replica()

    async def come_and_go(rounds: int) -> Counter[str]:
        for _ in range(rounds):
            await _leave(embedded, await _join(embedded, replica, crowd))
        await embedded.clock.advance(GONE_S)

        async def is_in_touch() -> bool:  # the database did not keep up with the clock
            await embedded.clock.advance(0.5)
            return replica.in_touch and len(replica.hub.feeds) == 2

        await eventually(is_in_touch, "the replica is idle")
        return _kinds()

    before = await come_and_go(3)  # what is made once is made by then
    now = await come_and_go(JOINS // PEOPLE)
    grown = now - before
    assert not {kind: count for kind, count in grown.items() if count > 20}
    assert not replica.connections
    assert len(replica.hub.feeds) == 2  # the broadcasts and the control log
