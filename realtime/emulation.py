"""Bring commands that come in requests to the connection they are for, on whichever replica."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from realtime.bus import Bus
from realtime.connection import Connection
from realtime.encoding import Address

__all__ = ["Emulation"]

_SECRET_BYTES: Final = 24
_NAME_BYTES: Final = hashlib.sha256().digest_size


def _name(session: str) -> bytes:
    """Name a session without giving it away: what is on the bus serves nobody who reads along."""
    return hashlib.sha256(session.encode()).digest()


class Emulation:
    """Hold the connections of this replica whose carrier takes nothing from the client.

    Their clients send commands in requests of their own, to any replica, under an address that the
    reply to ``connect`` has told them. A session is 24 random bytes and is looked up by its digest,
    so neither guessing nor the time of a look-up helps to find one.
    """

    def __init__(self, node: str, bus: Bus) -> None:
        self._node = node
        self._bus = bus
        self._held: dict[bytes, Connection] = {}

    def __len__(self) -> int:
        return len(self._held)

    def admit(self, connection: Connection) -> Address:
        """Give a connection the address under which commands reach it until ``forget``."""
        address = Address(secrets.token_urlsafe(_SECRET_BYTES), self._node)
        self._held[_name(address.session)] = connection
        return address

    def forget(self, address: Address) -> None:
        """Let go of a connection; what still comes for it is passed over."""
        self._held.pop(_name(address.session), None)

    def send(self, address: Address, commands: bytes) -> bool:
        """Hand one frame of commands to a connection, here or over the bus; returns at once.

        Nothing happens if nobody has the address. Frames that one replica takes arrive in its
        order. False: the bus is down, and the frame is lost.
        """
        letter = _name(address.session) + commands
        if address.node != self._node:
            return self._bus.tell(address.node, letter)
        self.receive(letter)
        return True

    def receive(self, letter: bytes) -> None:
        """Take what a replica was handed for a connection of this one."""
        connection = self._held.get(letter[:_NAME_BYTES])
        if connection is not None:
            connection.receive(letter[_NAME_BYTES:])
