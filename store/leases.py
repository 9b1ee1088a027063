"""Share numbered pieces of work among processes, each piece with one of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from store.database import Database, Pool
from store.tables import leases

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["LIFE_S", "Claim", "Leases", "claim"]

LIFE_S: Final = 10
"""How long a lease holds that is not renewed, in seconds."""

# Whoever divides the pieces does so alone; any number that nothing else uses.
_LOCK: Final = 0x10C_57E9


@dataclass(frozen=True, slots=True)
class Claim:
    """Say which pieces a process holds from now on, and which it lets go."""

    held: frozenset[int]
    released: frozenset[int]


def claim(holder: str, holders: Iterable[str], pieces: int, taken: Mapping[int, str]) -> Claim:
    """Divide ``pieces`` (0 .. pieces - 1) fairly: nobody holds more than one more than another.

    ``holders`` are the processes that live, with or without ``holder``; ``taken`` says who holds
    which piece, of those that live. What others hold is left to them: they let go of what is too
    much when their turn comes.
    """
    everyone = sorted({*holders, holder})
    share, rest = divmod(pieces, len(everyone))
    fair = share + (everyone.index(holder) < rest)
    mine = sorted(piece for piece, who in taken.items() if who == holder)
    free = [piece for piece in range(pieces) if piece not in taken]
    held = mine[:fair] + free[: max(0, fair - len(mine))]
    return Claim(frozenset(held), frozenset(mine[fair:]))


class Leases:
    """Hold a fair share of the pieces of one ``kind`` of work, for as long as it is renewed.

    ``holder`` names this process, unlike any other. Time is the database server's, so clocks need
    not agree. Two may hold the same piece for a moment when one of them was paused: the work must
    bear that. PostgreSQL only; SQLite has one process.
    """

    def __init__(self, database: Database, kind: str, pieces: int, holder: str) -> None:
        self._database = database
        self._kind = kind
        self._pieces = pieces
        self._holder = holder

    async def renew(self) -> frozenset[int]:
        """Renew what is held, take a fair share of what is free; give what is held now.

        Call it a few times in LIFE_S. Raises Unavailable.
        """
        return await self._database.transact(Pool.WORKER, None, self._divide)

    async def release(self) -> None:
        """Let go of everything at once, so that others need not wait. Raises Unavailable."""

        async def work(connection: AsyncConnection) -> None:
            mine = (leases.c.holder == self._holder) & leases.c.name.startswith(f"{self._kind}:")
            await connection.execute(delete(leases).where(mine))

        await self._database.transact(Pool.WORKER, None, work)

    async def _divide(self, connection: AsyncConnection) -> frozenset[int]:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        ours = leases.c.name.startswith(f"{self._kind}:")
        await connection.execute(delete(leases).where(ours, leases.c.expires_at < func.now()))
        rows = (await connection.execute(select(leases).where(ours))).all()
        taken = {}
        holders = []
        for row in rows:
            piece = row.name.removeprefix(f"{self._kind}:")
            if piece.isdecimal():
                taken[int(piece)] = row.holder
            else:
                holders.append(row.holder)
        made = claim(self._holder, holders, self._pieces, taken)
        gone = [f"{self._kind}:{piece}" for piece in made.released]
        await connection.execute(delete(leases).where(leases.c.name.in_(gone)))
        # The row that says that this process lives stands beside its pieces; no piece is so named.
        names = [f"{self._kind}:@{self._holder}", *(f"{self._kind}:{one}" for one in made.held)]
        until = func.now() + text(f"interval '{LIFE_S} seconds'")
        for name in names:
            added = insert(leases).values(name=name, holder=self._holder, expires_at=until)
            await connection.execute(
                added.on_conflict_do_update(
                    index_elements=[leases.c.name],
                    set_={"holder": self._holder, "expires_at": until},
                )
            )
        return made.held
