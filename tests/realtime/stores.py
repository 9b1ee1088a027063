"""Stand before a real store and do one thing differently, when told to."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from store.committed import Committed
from store.errors import Unavailable
from store.store import Store


class PassingStore:
    """Pass everything on to the real store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class HeldStore(PassingStore):
    """Keep the answer of one read back, when told to."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.hold_next = False
        self.read_done = asyncio.Event()
        self.go = asyncio.Event()

    async def read_log(self, *arguments: Any, **options: Any) -> Any:
        """Read."""
        hold, self.hold_next = self.hold_next, False
        read = await self._store.read_log(*arguments, **options)
        if hold:
            self.read_done.set()
            await self.go.wait()
        return read


class SlowStore(PassingStore):
    """Commit only when told to."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def commit(self, *arguments: Any, **options: Any) -> Committed:
        """Commit."""
        self.asked.set()
        await self.go.wait()
        return await self._store.commit(*arguments, **options)


class CutStore(PassingStore):
    """Be unreachable while ``down``."""

    down = False

    async def heads(self, logs: Any) -> Any:
        """Look up the heads."""
        if self.down:
            raise Unavailable
        return await self._store.heads(logs)


class RestoredStore(PassingStore):
    """Be, while ``on``, a database restored from a backup: another epoch, entries missing."""

    on = False

    @property
    def epoch(self) -> str:
        """Name the database."""
        return "restored" if self.on else self._store.epoch

    async def heads(self, logs: Any) -> Any:
        """Look up the heads."""
        heads = await self._store.heads(logs)
        return {log: head - 1 for log, head in heads.items()} if self.on else heads

    async def read_log(self, *arguments: Any, **options: Any) -> Any:
        """Read."""
        read = await self._store.read_log(*arguments, **options)
        return dataclasses.replace(read, epoch=self.epoch)


class FailingStore(PassingStore):
    """Raise ``error`` from reads and commits while it is set."""

    error: Exception | None = None

    async def commit(self, *arguments: Any, **options: Any) -> Committed:
        """Commit."""
        if self.error is not None:
            raise self.error
        return await self._store.commit(*arguments, **options)

    async def read_log(self, *arguments: Any, **options: Any) -> Any:
        """Read."""
        if self.error is not None:
            raise self.error
        return await self._store.read_log(*arguments, **options)
