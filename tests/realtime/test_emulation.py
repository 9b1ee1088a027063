"""Commands that come in requests find their connection, and nobody else's."""

from __future__ import annotations

from typing import cast

from realtime.bus_memory import MemoryBus, MemoryExchange
from realtime.connection import Connection
from realtime.emulation import Emulation
from realtime.encoding import Address


class _Connection:
    """Note what a connection receives."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def receive(self, frame: bytes) -> None:
        """Take a frame."""
        self.heard.append(frame)


class _DeafBus(MemoryBus):
    """Be a bus that nothing can be handed to."""

    def tell(self, replica: str, data: bytes) -> bool:
        """Refuse."""
        return False


def _admitted(emulation: Emulation) -> tuple[_Connection, Address]:
    connection = _Connection()
    return connection, emulation.admit(cast("Connection", connection))


async def _pair() -> tuple[Emulation, Emulation, list[bytes]]:
    """Give the emulations of two replicas, and what one tells the other."""
    exchange = MemoryExchange()
    buses = MemoryBus(exchange), MemoryBus(exchange)
    one, two = (Emulation(name, bus) for name, bus in zip(("one", "two"), buses, strict=True))
    overheard: list[bytes] = []

    async def restored() -> None:
        """Restore nothing."""

    def told(letter: bytes) -> None:
        overheard.append(letter)
        one.receive(letter)

    await buses[0].start("one", lambda *_: None, restored, told)
    await buses[1].start("two", lambda *_: None, restored, two.receive)
    return one, two, overheard


async def test_a_frame_reaches_its_connection_from_every_replica() -> None:
    """In order, and as it was sent."""
    one, two, _ = await _pair()
    mine, address = _admitted(one)
    other, _ = _admitted(one)
    assert address.node == "one"
    for emulation in (one, two, two, one):
        assert emulation.send(address, b"%d" % len(mine.heard))
    assert mine.heard == [b"0", b"1", b"2", b"3"]
    assert other.heard == []


async def test_a_wrong_address_is_nobodys() -> None:
    """Another session, another replica, a part of the secret: nothing happens, nothing is told."""
    one, two, _ = await _pair()
    mine, address = _admitted(one)
    theirs, _ = _admitted(two)
    wrong = [
        Address(address.session[:-1], "one"),
        Address("", "one"),
        Address(address.session.swapcase(), "one"),
        Address(address.session, "two"),
        Address(address.session, "three"),
    ]
    for emulation in (one, two):
        for one_wrong in wrong:
            assert emulation.send(one_wrong, b"x")
    one.receive(b"")
    assert mine.heard == theirs.heard == []


async def test_a_forgotten_connection_hears_nothing_more() -> None:
    """And nothing is kept of it; to forget twice does no harm."""
    one, two, _ = await _pair()
    mine, address = _admitted(one)
    assert len(one) == 1
    one.forget(address)
    one.forget(address)
    for emulation in (one, two):
        assert emulation.send(address, b"x")
    assert mine.heard == []
    assert len(one) == 0


async def test_sessions_are_secrets() -> None:
    """At least 128 bits, never twice, and not to be read on the bus."""
    one, two, overheard = await _pair()
    addresses = [_admitted(one)[1] for _ in range(100)]
    assert len({address.session for address in addresses}) == 100
    assert all(len(address.session) * 6 >= 128 for address in addresses)
    for address in addresses:
        two.send(address, b"x")
    assert len(overheard) == 100
    for letter, address in zip(overheard, addresses, strict=True):
        assert address.session.encode() not in letter


def test_a_frame_that_the_bus_does_not_take_is_lost_aloud() -> None:
    """Its client can connect again instead of waiting; one's own connections need no bus."""
    one = Emulation("one", _DeafBus())
    mine, address = _admitted(one)
    assert not one.send(address._replace(node="two"), b"x")
    assert one.send(address, b"x")
    assert mine.heard == [b"x"]
