"""Put accounts and sessions together over a store, with a clock that tests move."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.accounts import Accounts
from store.database import Pool
from store.entry import Entry
from store.log_id import LogId
from store.passwords import Passwords
from store.refresh_tokens import RefreshTokens
from store.sessions import Sessions
from store.store import Store
from store.tables import credentials

PASSWORD = "tulip-bench-42"


@dataclass
class Moving:
    """Be a clock that only a test moves."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        """Give the moment."""
        return self.moment

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.moment += timedelta(**span)


class Parts:
    """Hold accounts and sessions over one store; hashing is cheap, everything else is real."""

    def __init__(self, store: Store, **passwords: int) -> None:
        self.store = store
        self.clock = Moving()
        self.passwords = Passwords(**{"memory_kib": 64, "passes": 1, **passwords})
        self.tokens = RefreshTokens(b"k" * 32)
        self.sessions = Sessions(store.database, self.tokens, now=self.clock)
        self.accounts = Accounts(
            store.database, store.epoch, self.passwords, self.sessions, now=self.clock
        )

    async def control(self) -> list[dict[str, object]]:
        """Read the control log as replicas do."""
        read = await self.store.read_log(LogId.CONTROL, None, 0)
        return [orjson.loads(entry.data) for entry in read.entries]

    async def stored_hash(self) -> str:
        """Read the password hash of the only account."""

        async def work(connection: AsyncConnection) -> str:
            return str(await connection.scalar(select(credentials.c.password_hash)))

        return await self.store.database.transact(Pool.AUTH, None, work, read_only=True)


def sessions_in(entries: tuple[Entry, ...]) -> set[str]:
    """Name the sessions that entries of the control log end."""
    return {orjson.loads(entry.data)["session"] for entry in entries}
