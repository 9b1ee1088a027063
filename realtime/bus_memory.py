"""Carry messages between the replicas of one process: the embedded bus, and the tests'."""

from __future__ import annotations

from collections import defaultdict

from realtime.bus import BusMessage, BusState, Receive, Restored, Told
from store.log_id import LogId

__all__ = ["MemoryBus", "MemoryExchange"]


class MemoryExchange:
    """Connect the memory buses of one process."""

    def __init__(self) -> None:
        self.followers: defaultdict[LogId, set[MemoryBus]] = defaultdict(set)
        self.told: dict[str, Told] = {}  # by the replica's name


class MemoryBus:
    """Hand messages over at once, within the process; without an exchange there is nobody else."""

    def __init__(self, exchange: MemoryExchange | None = None) -> None:
        self._exchange = exchange or MemoryExchange()
        self._replica = ""
        self._receive: Receive | None = None

    @property
    def state(self) -> BusState:
        """Be healthy: there is nothing to lose."""
        return BusState.HEALTHY

    @property
    def remote(self) -> bool:
        """Say no: nobody's answer takes any time."""
        return False

    async def start(
        self, replica: str, receive: Receive, restored: Restored, told: Told | None = None
    ) -> None:
        """Begin; ``restored`` is never called."""
        self._replica = replica
        self._receive = receive
        if told is not None:
            self._exchange.told[replica] = told

    def publish(self, log: LogId, message: BusMessage) -> None:
        """Deliver to every other follower of the log, now."""
        followers = self._exchange.followers.get(log)
        if not followers or self._receive is None:
            return
        for bus in tuple(followers):
            if bus is not self and bus._receive is not None:  # noqa: SLF001
                bus._receive(log, self._replica, message)  # noqa: SLF001

    def tell(self, replica: str, data: bytes) -> bool:
        """Deliver to one replica, now; to nobody when there is none of the name."""
        told = self._exchange.told.get(replica)
        if told is not None:
            told(data)
        return True

    async def subscribe(self, log: LogId) -> bool:
        """Follow a log; effective at once."""
        self._exchange.followers[log].add(self)
        return True

    def unsubscribe(self, log: LogId) -> None:
        """Stop following a log."""
        followers = self._exchange.followers.get(log)
        if followers is not None:
            followers.discard(self)
            if not followers:
                del self._exchange.followers[log]

    async def aclose(self) -> None:
        """Leave the exchange."""
        self._receive = None
        self._exchange.told.pop(self._replica, None)
        for log in list(self._exchange.followers):
            self.unsubscribe(log)
