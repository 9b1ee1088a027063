"""Promise what the bus between replicas does, and define what travels on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from realtime.presence import ClientInfo
from store.entry import Entry
from store.log_id import LogId

__all__ = [
    "Appended",
    "Bus",
    "BusMessage",
    "BusState",
    "Grown",
    "Hint",
    "PresenceAsked",
    "PresenceChanged",
    "PresenceDigest",
    "Receive",
    "Restored",
    "Signalled",
    "Told",
]


@dataclass(frozen=True, slots=True)
class Appended:
    """Carry an entry that was committed to the log, in the database of ``epoch``."""

    epoch: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Signalled:
    """Carry a signal (finished JSON) and who sent it."""

    data: bytes
    info: ClientInfo


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Say which of the sender's connections came and which went, all in one moment."""

    version: int
    joined: tuple[ClientInfo, ...]
    left: tuple[ClientInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class PresenceDigest:
    """Carry all of the sender's connections that follow the list."""

    version: int
    infos: tuple[ClientInfo, ...]


@dataclass(frozen=True, slots=True)
class PresenceAsked:
    """Ask all replicas for their digest."""


@dataclass(frozen=True, slots=True)
class Grown:
    """Name lists that have grown, with the last offset of each; on ``LogId.LISTS``."""

    heads: tuple[tuple[UUID, int], ...]


@dataclass(frozen=True, slots=True)
class Hint:
    """Stand for a message that cannot be trusted: at most a reason to look at the log."""


BusMessage = Appended | Signalled | PresenceChanged | PresenceDigest | PresenceAsked | Grown | Hint

Receive = Callable[[LogId, str, BusMessage], None]
"""Takes the log, the sending replica's id, and the message; must not wait."""

Restored = Callable[[], Awaitable[None]]
"""Catches everything up from the log; the bus is trusted again when it returns."""


Told = Callable[[bytes], None]
"""Takes what another replica sent to this one alone; must not wait."""


class BusState(StrEnum):
    """Say whether messages can be expected to arrive."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"  # only the log is followed, by the head poll


class Bus(Protocol):
    """Carry messages between replicas: one channel a log, and one for each replica alone.

    Delivery is at most once; of different senders it is unordered; a replica does not receive its
    own messages. The bus is a hint: whatever is lost is repaired from the log, so no method raises
    because of the network, none waits for it longer than 0.1 s, and no write depends on it.
    """

    @property
    def state(self) -> BusState:
        """Tell whether messages can be expected to arrive."""

    @property
    def remote(self) -> bool:
        """Tell whether other processes may be on the bus: their answers take a moment."""

    async def start(
        self, replica: str, receive: Receive, restored: Restored, told: Told | None = None
    ) -> None:
        """Begin, as the replica named ``replica`` (unique per process start).

        ``receive`` is called for every message of a subscribed log, ``restored`` after a loss of
        the connection, when all subscriptions are effective again, ``told`` for what others
        ``tell`` this replica (None: it listens to nothing of that kind).
        """

    def publish(self, log: LogId, message: BusMessage) -> None:
        """Hand a message over; returns at once. What does not fit the bounded queue is dropped."""

    def tell(self, replica: str, data: bytes) -> bool:
        """Hand bytes over for one replica alone; returns at once.

        What one replica tells another arrives in order, or not at all: nothing repairs a loss.
        ``replica`` may be a name that nobody has. False: it is lost already.
        """

    async def subscribe(self, log: LogId) -> bool:
        """Receive a log's messages: every one published after the return of True.

        False: not effective yet (the bus is degraded or slow); it becomes so by itself. Safe to
        cancel: the subscription then stays.
        """

    def unsubscribe(self, log: LogId) -> None:
        """Receive a log's messages no longer; returns at once."""

    async def aclose(self) -> None:
        """Send what is queued if that is quick, and stop."""
