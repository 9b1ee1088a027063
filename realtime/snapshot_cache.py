"""Promise what a cache of snapshots does; keep them in this process."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol
from uuid import UUID

from store.entry import Position

__all__ = ["MemorySnapshots", "SnapshotCache"]


class SnapshotCache(Protocol):
    """Keep the encoded snapshots of lists, each with the position it was read at.

    A cached snapshot is valid exactly while its position is the list's: the reader compares. It is
    a hint like the bus: whatever fails counts as "not there", at once (0.1 s at most).
    """

    async def get(self, list_id: UUID) -> tuple[Position, bytes] | None:
        """Give what was kept last, whatever its position; None: nothing."""

    async def put(self, list_id: UUID, position: Position, body: bytes) -> None:
        """Keep a snapshot in place of an earlier one."""

    async def aclose(self) -> None:
        """Let go of connections."""


class MemorySnapshots:
    """Keep at most ``size`` bytes of snapshots in this process, the least recent gone first."""

    def __init__(self, size: int = 16 * 2**20) -> None:
        self._size = size
        self._kept: OrderedDict[UUID, tuple[Position, bytes]] = OrderedDict()
        self._held = 0

    async def get(self, list_id: UUID) -> tuple[Position, bytes] | None:
        """Give what was kept last."""
        found = self._kept.get(list_id)
        if found is not None:
            self._kept.move_to_end(list_id)
        return found

    async def put(self, list_id: UUID, position: Position, body: bytes) -> None:
        """Keep a snapshot, unless it alone would fill the cache."""
        before = self._kept.pop(list_id, None)
        self._held -= 0 if before is None else len(before[1])
        if len(body) > self._size:
            return
        self._kept[list_id] = (position, body)
        self._held += len(body)
        while self._held > self._size:
            _, (_, gone) = self._kept.popitem(last=False)
            self._held -= len(gone)

    async def aclose(self) -> None:
        """Hold no connection."""
