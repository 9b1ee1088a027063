"""Read snapshots, from the standby where there is one that is far enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from store.database import Database, Pool
from store.errors import NotFound, Unavailable
from store.log_id import LogId
from store.snapshot import Snapshot, read_snapshot
from store.snapshot_encoded import read_encoded

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.entry import Position

__all__ = ["SnapshotReader"]

T = TypeVar("T")


class SnapshotReader:
    """Read lists whole, each in one moment, with its position.

    ``standby`` (None: there is none) is asked first, and counts when it has reached what was
    committed before the question: that is what ``heads`` gives. Every method raises NotFound for
    anyone but a member, and Unavailable.
    """

    def __init__(
        self,
        database: Database,
        standby: Database | None,
        epoch: str,
        heads: Callable[[Collection[LogId]], Awaitable[dict[LogId, int]]],
    ) -> None:
        self._database = database
        self._standby = standby
        self._epoch = epoch
        self._heads = heads

    async def read(self, actor: UUID, list_id: UUID, *, trash: bool) -> Snapshot:
        """Read the live todos, or the trash."""

        async def work(connection: AsyncConnection) -> Snapshot:
            return await read_snapshot(connection, list_id, actor, self._epoch, trash=trash)

        return await self._read(actor, list_id, work, lambda found: found.position)

    async def encoded(self, actor: UUID, list_id: UUID, *, trash: bool) -> tuple[Position, bytes]:
        """Read the same as JSON, without holding the loop however much it is."""

        async def work(connection: AsyncConnection) -> tuple[Position, bytes]:
            return await read_encoded(connection, list_id, actor, self._epoch, trash=trash)

        return await self._read(actor, list_id, work, lambda found: found[0])

    async def _read(
        self,
        actor: UUID,
        list_id: UUID,
        work: Callable[[AsyncConnection], Awaitable[T]],
        position_of: Callable[[T], Position],
    ) -> T:
        if self._standby is not None:
            log = LogId.list(list_id)
            reached = (await self._heads((log,))).get(log)
            try:
                found = await self._standby.transact(Pool.APP, actor, work, read_only=True)
            except (NotFound, Unavailable):
                pass  # it is away, or does not have it (yet)
            else:
                if reached is not None and position_of(found).offset >= reached:
                    return found
        return await self._database.transact(Pool.APP, actor, work, read_only=True)
