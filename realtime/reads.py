"""Read logs for many sockets, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from realtime import codes
from realtime.codes import ErrorCode
from realtime.limits import Limits
from realtime.subscription import Recovery
from store.entry import Entry, LogRead
from store.errors import HistoryPruned
from store.log_id import LogId, LogKind
from store.todo.commands import MAX_OFFSET
from store.todo.model import Role

__all__ = ["LogSource", "Reads", "Refusal"]


class LogSource(Protocol):
    """Be the part of the store that is read here; its docstrings are the promise."""

    @property
    def epoch(self) -> str:
        """Name the database."""

    async def read_log(
        self,
        log: LogId,
        reader: UUID | None,
        since: int | None,
        *,
        limit: int = 500,
        max_bytes: int = 65_536,
    ) -> LogRead:
        """Read the entries after ``since``, oldest first."""

    async def read_log_backward(
        self,
        log: LogId,
        reader: UUID | None,
        before: int | None,
        *,
        limit: int = 500,
        max_bytes: int = 65_536,
    ) -> LogRead:
        """Read the entries before ``before``, newest first."""

    def learn(self, entry: Entry) -> None:
        """Take in an entry that another replica committed."""

    async def heads(self, logs: Collection[LogId]) -> dict[LogId, int]:
        """Look up the last offsets."""


class Refusal(Exception):
    """Refuse what a client asked for, with the error it is answered with."""

    def __init__(self, error: ErrorCode) -> None:
        super().__init__(error.message)
        self.error = error


class Reads:
    """Read logs; who would have to wait too long for a turn is refused as temporary."""

    def __init__(self, store: LogSource, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.reads)
        self.epoch = store.epoch
        self.on_new_epoch: Callable[[str], None] = lambda _: None

    def check(self, read: LogRead) -> LogRead:
        """Pass a read on; when another database answered it, say so first (``on_new_epoch``)."""
        if read.epoch != self.epoch:
            self.epoch = read.epoch
            self.on_new_epoch(read.epoch)
        return read

    async def first(self, log: LogId, reader: UUID, recovery: Recovery | None) -> LogRead:
        """Read for a new subscription: from the position it asks for, if that can be of use."""
        since = None
        if (
            recovery is not None
            and 0 <= recovery.offset <= MAX_OFFSET
            and recovery.epoch_matches(self.epoch)
        ):
            since = recovery.offset
        try:
            read = await self.page(log, reader, since)
        except HistoryPruned:
            read = await self.page(log, reader, None)
        if read.role is None and log.kind is LogKind.ALL:
            return replace(read, role=Role.VIEWER)
        if read.role is None and log == LogId.user(reader):  # without entries it need not exist
            return replace(read, role=Role.VIEWER)
        return read

    async def page(
        self, log: LogId, reader: UUID, since: int | None, entries: int | None = None
    ) -> LogRead:
        """Read one reply's worth after ``since``; None: the position only.

        ``entries``: no more than so many, None: as many as a page may hold.
        """
        most = self._limits.page_entries
        async with self._turn():
            return self.check(
                await self._store.read_log(
                    log,
                    reader,
                    since,
                    limit=most if entries is None else min(most, entries),
                    max_bytes=self._limits.page_bytes,
                )
            )

    async def repair(self, log: LogId, since: int) -> LogRead:
        """Read for all followers of a log at once."""
        async with self._turn():
            return self.check(
                await self._store.read_log(
                    log,
                    None,
                    since,
                    limit=self._limits.repair_entries,
                    max_bytes=self._limits.repair_bytes,
                )
            )

    async def forward(self, log: LogId, reader: UUID, since: int | None, limit: int) -> LogRead:
        """Read a part of the history, oldest first."""
        async with self._turn():
            return self.check(
                await self._store.read_log(
                    log, reader, since, limit=limit, max_bytes=self._limits.history_bytes
                )
            )

    async def backward(self, log: LogId, reader: UUID, before: int | None, limit: int) -> LogRead:
        """Read a part of the history, newest first."""
        async with self._turn():
            return self.check(
                await self._store.read_log_backward(
                    log, reader, before, limit=limit, max_bytes=self._limits.history_bytes
                )
            )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._turns.locked():
            try:
                await asyncio.wait_for(self._turns.acquire(), self._limits.read_wait_s)
            except TimeoutError:
                raise Refusal(codes.TOO_MANY_REQUESTS) from None
        else:
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()
