"""Tell whether the graph lacks what was written to a list a while ago."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from store.log_id import LogId

if TYPE_CHECKING:
    from store.store import Store

__all__ = ["Lateness"]

# The graph is usually some 0.1 s behind. A worker that died is replaced after 10 s.
_FORGIVEN_S: Final = 5.0
_AT_ONCE: Final = 32


class Lateness:
    """Compare how far the graph has lists with their logs.

    A graph that follows is always a moment behind. It is *late* when what it lacks was written
    more than 5 s ago: while it is filled again, or nobody fills it.
    """

    def __init__(self, store: Store, *, forgiven_s: float = _FORGIVEN_S) -> None:
        self._store = store
        self._forgiven = timedelta(seconds=forgiven_s)

    async def is_late(
        self, reached: Mapping[UUID, int], heads: Mapping[UUID, int] | None = None
    ) -> bool:
        """Tell whether one of the lists is late. Raises Unavailable.

        ``reached`` maps lists to how far the graph has them, 0: not at all; ``heads`` to their last
        offsets, as read after that, None: they are read now. Where nothing is missing, which is
        nearly always, no log is looked into.
        """
        if heads is None:
            found = await self._store.heads([LogId.list(one) for one in reached])
            heads = {log.key: head for log, head in found.items()}
        behind = [(one, at) for one, at in reached.items() if heads.get(one, 0) > at]
        for first in range(0, len(behind), _AT_ONCE):
            some = behind[first : first + _AT_ONCE]
            if any(await asyncio.gather(*(self._missed(one, at) for one, at in some))):
                return True
        return False

    async def _missed(self, list_id: UUID, offset: int) -> bool:
        """Tell whether the first entry that is missing was written too long ago."""
        read = await self._store.read_log(LogId.list(list_id), None, offset, limit=1, max_bytes=1)
        if offset < read.floor:
            return True  # it is so old that the log has it no more
        written = (datetime.fromisoformat(orjson.loads(one.data)["at"]) for one in read.entries)
        return any(self._store.now() - at > self._forgiven for at in written)
