"""Keep feeds whole: look at the heads, read what is missing, once for all followers of a log."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from realtime.counts import Counts
from realtime.feed import Feed
from realtime.publication import Publication
from realtime.reads import LogSource, Reads, Refusal
from realtime.tasks import Tasks
from store.errors import LockstepError
from store.log_id import LogId

__all__ = ["Repair"]

_log = structlog.get_logger("lockstep.realtime")


class Repair:
    """Read missing entries from the log: one read a feed at a time, however many follow it.

    A read that fails is not tried again by itself: the next look at the heads, a second later,
    does.
    """

    def __init__(self, store: LogSource, reads: Reads, tasks: Tasks, counts: Counts) -> None:
        self._counts = counts
        self._store = store
        self._reads = reads
        self._tasks = tasks

    def look(self, feed: Feed, *, doubtful: bool = False) -> None:
        """Repair a feed that has a gap; ``doubtful``: read in any case, somebody hinted at more."""
        if feed.repairing or feed.position is None or (feed.gap is None and not doubtful):
            return
        self._counts.gaps += 1
        feed.repairing = True
        self._tasks.spawn(self._repair(feed))

    async def poll(self, feeds: Mapping[LogId, Feed]) -> None:
        """Compare every feed with its log, and repair the ones that are behind.

        Raises what the store raises.
        """
        logs = tuple(feeds)
        heads = await self._store.heads(logs)
        for log in logs:
            feed = feeds.get(log)
            if feed is None:
                continue
            head = heads.get(log, 0)  # a log without entries need not be there
            if feed.position is None:
                feed.begin(head)
            feed.sequencer.head(head)
            # A head that lies behind us: another database answers. A read will tell its epoch.
            went_back = feed.position is not None and head < feed.position
            self.look(feed, doubtful=went_back)

    async def _repair(self, feed: Feed) -> None:
        try:
            last = -1
            while (position := feed.position) is not None and position > last:
                last = position
                read = await self._reads.repair(feed.log, position)
                self._counts.repairs += 1
                feed.repaired((Publication(entry) for entry in read.entries), read.head)
                if feed.gap is None:
                    return
        except (LockstepError, Refusal) as error:
            self._counts.failed_repairs += 1
            _log.warning("repair_failed", list=feed.channel, offset=feed.position, error=str(error))
        finally:
            feed.repairing = False
