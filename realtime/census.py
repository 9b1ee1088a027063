"""Count who is connected and what is followed at one moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from store.log_id import LogKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from realtime.connection import Connection
    from realtime.feed import Feed

__all__ = ["NOBODY", "Census", "take_census"]

T = TypeVar("T")

# Looked at in one turn of the loop: 1 ms when there are many, most of it fetching memory.
_SLICE: Final = 1_000

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


NOBODY: Final = Census({}, {}, 0, 0)
"""What there is to tell before anybody looked."""


async def take_census(connections: Iterable[Connection], feeds: Iterable[Feed]) -> Census:
    """Count; looks once at each connection and at each log that is followed, without I/O.

    The loop gets its turn in between, so of thousands it is not quite one moment's truth.
    """
    ways: Counter[tuple[str, str]] = Counter()
    waiting = queueing = 0
    async for connection in _in_slices(connections):
        ways[connection.carrier, connection.encoding.subprotocol] += 1
        size = connection.outbox.bytes
        if size:
            waiting += size
            queueing += 1
    followed = dict.fromkeys((*_KINDS.values(), "signals"), 0)
    async for feed in _in_slices(feeds):
        kind = _KINDS.get(feed.log.kind)
        if kind is not None:
            followed[kind] += feed.subscribed
            followed["signals"] += feed.seated
    return Census(ways, followed, waiting, queueing)


async def _in_slices(those: Iterable[T]) -> AsyncIterator[T]:
    """Give those that are there now, and the loop its turn now and then."""
    for place, one in enumerate(tuple(those), 1):
        yield one
        if place % _SLICE == 0:
            await asyncio.sleep(0)
