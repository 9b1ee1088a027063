"""Do what must be done now and then, whoever is connected: empty the trash."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from store.errors import LockstepError

if TYPE_CHECKING:
    from realtime.clock import Clock
    from store.entry import Entry
    from store.store import Store

__all__ = ["Housekeeping"]

TRASH_LIFE: Final = timedelta(days=30)
_EVERY_S: Final = 600.0

_log = structlog.get_logger("lockstep.housekeeping")


class Housekeeping:
    """Empty the trash of every list, and spread the entries that this makes.

    Several may run at once: the lock on a list's head keeps each todo from being purged twice.
    ``announce`` takes committed entries and never waits.
    """

    def __init__(
        self, store: Store, announce: Callable[[Iterable[Entry]], None], clock: Clock
    ) -> None:
        self._store = store
        self._announce = announce
        self._clock = clock

    async def run(self) -> None:
        """Do it every ten minutes, until cancelled; a database that is away only delays it."""
        while True:
            try:
                purged = await self.once()
            except LockstepError as error:
                _log.warning("housekeeping_failed", error=str(error))
            else:
                if purged:
                    _log.info("trash_emptied", todos=purged)
            await self._clock.sleep(_EVERY_S)

    async def once(self) -> int:
        """Empty the trash now; returns how many todos were purged."""
        count = 0
        # Among them are the entries by which others stop waiting for what is purged.
        while purged := await self._store.empty_trash(TRASH_LIFE):
            self._announce(purged)
            count += sum(entry.type == "todo.purged" for entry in purged)
        return count
