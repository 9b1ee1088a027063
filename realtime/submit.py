"""Carry out commands: the only write path, for HTTP and for the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from realtime.bus import Appended, Bus
from realtime.tasks import Tasks
from store.actor import Actor
from store.committed import Committed
from store.entry import Entry, Position
from store.todo.commands import Command

__all__ = ["Committer", "Submit"]

_log = structlog.get_logger("lockstep.realtime")


class Committer(Protocol):
    """Be the part of the store that writes; its docstring is the promise."""

    @property
    def epoch(self) -> str:
        """Name the database."""

    async def commit(
        self,
        actor: Actor,
        command: Command,
        *,
        if_match: Collection[Position] | None = None,
        trace: str | None = None,
    ) -> Committed:
        """Carry out one command, or refuse it."""

    async def commit_all(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out commands of one list, all or none."""

    async def commit_first(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out as many of the first commands as go together, or none."""


class Submit:
    """Commit a command, then hand its entries to this replica's hub and to the bus.

    Neither can fail the write. The work is a task of its own: a cancelled caller neither loses its
    command nor keeps its entries from the followers.
    """

    def __init__(
        self, store: Committer, offer: Callable[[Entry], None], bus: Bus, tasks: Tasks
    ) -> None:
        self._store = store
        self._offer = offer
        self._bus = bus
        self._tasks = tasks

    async def __call__(
        self,
        actor: Actor,
        command: Command,
        *,
        if_match: Collection[Position] | None = None,
        trace: str | None = None,
    ) -> Committed:
        """Carry out ``command`` for ``actor``; raises what ``store.commit`` raises."""
        work = self._commit(actor, command, if_match, trace)
        return await asyncio.shield(self._tasks.spawn(work, quiet=True))

    async def together(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out ``commands`` of one list, all or none; raises what ``commit_all`` raises."""
        work = self._commit_many(self._store.commit_all(actor, commands, trace=trace))
        return await asyncio.shield(self._tasks.spawn(work, quiet=True))

    async def first(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out the first of ``commands``, maybe none; raises what ``commit_first`` raises."""
        work = self._commit_many(self._store.commit_first(actor, commands, trace=trace))
        return await asyncio.shield(self._tasks.spawn(work, quiet=True))

    async def _commit_many(
        self, work: Coroutine[Any, Any, tuple[Committed, ...]]
    ) -> tuple[Committed, ...]:
        made = await work
        for committed in made:
            self.announce(committed.entries)
        return made

    async def _commit(
        self,
        actor: Actor,
        command: Command,
        if_match: Collection[Position] | None,
        trace: str | None,
    ) -> Committed:
        committed = await self._store.commit(actor, command, if_match=if_match, trace=trace)
        self.announce(committed.entries)
        return committed

    def announce(self, entries: tuple[Entry, ...]) -> None:
        """Hand committed entries to the hub and to the bus; never raises, never waits."""
        for entry in entries:
            try:
                self._offer(entry)
            except Exception:  # noqa: BLE001 - the write is done, whatever this is
                _log.exception("offer_failed", list=entry.log.channel, offset=entry.offset)
            try:
                self._bus.publish(entry.log, Appended(self._store.epoch, entry))
            except Exception:  # noqa: BLE001 - the write is done, whatever this is
                _log.exception("publish_failed", list=entry.log.channel, offset=entry.offset)
