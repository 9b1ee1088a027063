"""Give the snapshot of a list, encoded, without building a large one twice."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Protocol
from uuid import UUID

from realtime.snapshot_cache import SnapshotCache
from store.entry import LogRead, Position
from store.errors import NotFound
from store.log_id import LogId

__all__ = ["SnapshotSource", "Snapshots"]

# Below, building it costs less than the further read that finds out whether a kept one is good.
_LARGE_BYTES: Final = 32_768
_REMEMBERED: Final = 10_000


class SnapshotSource(Protocol):
    """Be the part of the store that snapshots come from; its docstrings are the promise."""

    async def read_log(self, log: LogId, reader: UUID | None, since: int | None) -> LogRead:
        """Read the position of a log."""

    async def encoded(self, actor: UUID, list_id: UUID) -> tuple[Position, bytes]:
        """Read a list with its live todos, as JSON."""


class Snapshots:
    """Read snapshots through a cache that is valid exactly while its offset is the head.

    Membership and head are read from the database each time, so nobody is shown what they may no
    longer see, and nobody sees less than was acknowledged before they asked.
    """

    def __init__(self, store: SnapshotSource, cache: SnapshotCache) -> None:
        self._store = store
        self._cache = cache
        self._large: OrderedDict[UUID, None] = OrderedDict()

    async def get(
        self, actor: UUID, list_id: UUID, known: str | None = None
    ) -> tuple[Position, bytes | None]:
        """Give a list's position and its encoded snapshot.

        ``known`` is the entity tag the caller already has (any spelling); when it still fits, no
        body is given. Raises NotFound for anyone but a member.
        """
        if known is not None or list_id in self._large:
            position = await self._position(actor, list_id)
            if known == position.etag:
                return position, None
            kept = await self._cache.get(list_id) if list_id in self._large else None
            if kept is not None and kept[0] == position:
                return kept
        position, body = await self._store.encoded(actor, list_id)
        self._remember(list_id, large=len(body) >= _LARGE_BYTES)
        if list_id in self._large:
            await self._cache.put(list_id, position, body)
        return position, body

    async def _position(self, actor: UUID, list_id: UUID) -> Position:
        read = await self._store.read_log(LogId.list(list_id), actor, None)
        if read.role is None:
            raise NotFound("There is no such list, or you are not a member of it.")
        return Position(read.epoch, read.head)

    def _remember(self, list_id: UUID, *, large: bool) -> None:
        self._large.pop(list_id, None)
        if large:
            self._large[list_id] = None
            if len(self._large) > _REMEMBERED:
                self._large.popitem(last=False)
