"""Count who is connected and what is followed at one moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from store.log_id import LogKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from realtime.connection import Connection
    from realtime.feed import Feed

__all__ = ["Census", "take_census"]

# The others are followed by the replica itself.
_KINDS: Final = {LogKind.LIST: "list", LogKind.USER: "user", LogKind.ALL: "all"}


@dataclass(frozen=True, slots=True)
class Census:
    """Hold what was counted.

    ``connections`` by (carrier, subprotocol), also those that have not shown yet whose they are;
    ``subscriptions`` by the kind of their channel; ``outbox_bytes`` wait for all sockets together,
    of which ``queueing`` have anything waiting.
    """

    connections: Mapping[tuple[str, str], int]
    subscriptions: Mapping[str, int]
    outbox_bytes: int
    queueing: int


def take_census(connections: Iterable[Connection], feeds: Iterable[Feed]) -> Census:
    """Count; looks once at each connection and at each log that is followed, and waits for none."""
    ways: Counter[tuple[str, str]] = Counter()
    waiting = queueing = 0
    for connection in connections:
        ways[connection.carrier, connection.encoding.subprotocol] += 1
        size = connection.outbox.bytes
        if size:
            waiting += size
            queueing += 1
    followed = dict.fromkeys((*_KINDS.values(), "signals"), 0)
    for feed in feeds:
        kind = _KINDS.get(feed.log.kind)
        if kind is not None:
            followed[kind] += feed.subscribed
            followed["signals"] += feed.seated
    return Census(ways, followed, waiting, queueing)
