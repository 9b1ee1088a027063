"""Know which server of a Redis Cluster owns a channel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

__all__ = ["Address", "ClusterSlots"]

_SLOTS: Final = REDIS_CLUSTER_HASH_SLOTS


class Address(NamedTuple):
    """Name a server."""

    host: str
    port: int


class ClusterSlots:
    """Hold the owner of each of the 16,384 slots; None where nobody serves it."""

    def __init__(self, owners: Sequence[Address | None] = ()) -> None:
        self._owners = tuple(owners) or (None,) * _SLOTS

    @classmethod
    def read(cls, reply: Sequence[Any], asked: str) -> ClusterSlots:
        """Read the answer to CLUSTER SLOTS of the host ``asked``.

        A server that does not know its own name leaves it empty: it is where it was asked.
        """
        owners: list[Address | None] = [None] * _SLOTS
        for first, last, master, *_ in reply:
            host = (master[0] or b"").decode()
            owner = Address(host if host not in {"", "?"} else asked, int(master[1]))
            owners[first : last + 1] = [owner] * (last + 1 - first)
        return cls(owners)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSlots) and self._owners == other._owners

    def __hash__(self) -> int:
        return hash(self._owners)

    @property
    def masters(self) -> set[Address]:
        """Give every server that owns a slot."""
        return {owner for owner in self._owners if owner is not None}

    @property
    def complete(self) -> bool:
        """Tell whether every slot has an owner."""
        return None not in self._owners

    def owner(self, channel: str) -> Address | None:
        """Give the server that carries the channel."""
        return self._owners[key_slot(channel.encode())]

    def channel_of(self, address: Address, prefix: str) -> str:
        """Find a channel beginning with ``prefix`` that this server carries; it must own a slot."""
        return next(
            channel for number in count() if self.owner(channel := f"{prefix}:{number}") == address
        )
