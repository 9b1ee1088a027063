"""Count how far the logs have come, how far a graph in Neo4j has, and who brings it forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, text

from store.database import Pool
from store.log_id import LogKind
from store.log_read import read_epoch
from store.tables import leases, logs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Progress", "read_progress"]

_ACT: Final = "SET ROLE {role}"


@dataclass(frozen=True, slots=True)
class Progress:
    """Hold the database's epoch, how many lists and entries it has, and how many workers live."""

    epoch: str
    lists: int
    entries: int
    workers: int


async def read_progress(connection: AsyncConnection) -> Progress:
    """Read it on PostgreSQL; raises what the driver raises.

    The connection has other roles afterwards: use it for nothing else (store.condition.look_at).
    Workers that live renew a lease every three seconds (store.leases).
    """
    await connection.execute(text(_ACT.format(role=Pool.FANOUT.value)))
    epoch = await read_epoch(connection)
    query = select(func.count(), func.coalesce(func.sum(logs.c.head), 0))
    lists, entries = (await connection.execute(query.where(logs.c.kind == LogKind.LIST))).one()
    await connection.execute(text(_ACT.format(role=Pool.WORKER.value)))
    living = leases.c.name.startswith("graph:@") & (leases.c.expires_at > func.now())
    workers = await connection.scalar(select(func.count()).where(living))
    return Progress(epoch, int(lists), int(entries), int(workers or 0))
