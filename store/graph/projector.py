"""Keep the graph up with the logs: woken by changes, swept by heads, in nobody's way."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from store.errors import GraphUnavailable, LockstepError
from store.graph.backlog import Backlog
from store.graph.projection import Projection, Source

if TYPE_CHECKING:
    from uuid import UUID

    from store.graph.graph import GraphWriter

__all__ = ["PIECES", "Projector", "Share", "piece_of"]

PIECES: Final = 16
"""How many pieces the lists are divided into among workers."""

_log = structlog.get_logger("lockstep.projector")

_LISTS: Final = 64  # of one transaction
_PAGE: Final = 2_000  # heads of one look at the logs
_SWEEP_S: Final = 1.0
_GATHER_S: Final = 0.05  # a change waits this long for others to share its transaction
_RENEW_S: Final = 3.0  # a third of a lease's life
_RETRY_S: Final = 1.0
_RETRY_MOST_S: Final = 15.0


def piece_of(list_id: UUID) -> int:
    """Tell which piece a list belongs to; the last bits of an id are random."""
    return list_id.int % PIECES


class Share(Protocol):
    """Say which pieces are this process's; store.leases.Leases is one."""

    async def renew(self) -> frozenset[int]:
        """Renew the leases; give the pieces held."""

    async def release(self) -> None:
        """Let go of everything."""


class Projector:
    """Bring every list into the graph, again and again, until cancelled.

    ``share`` None: all lists are this process's. ``sleep`` takes seconds, ``now`` gives them, and
    both are parameters for tests. Memory stays bounded however long the graph is away: what waits
    is a set of list ids, and entries are read only to be applied at once.
    """

    def __init__(
        self,
        source: Source,
        graph: GraphWriter,
        share: Share | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
        backlog: Backlog | None = None,
    ) -> None:
        self.projected = 0
        self._source = source
        self._graph = graph
        self._share = share
        self._sleep = sleep
        self._now = now
        self._backlog = Backlog() if backlog is None else backlog
        self._pieces = frozenset(range(PIECES)) if share is None else frozenset[int]()
        self._projection: Projection | None = None
        self._cursor: UUID | None = None
        self._woken = asyncio.Event()
        self._failing: set[str] = set()
        self._in_doubt = True
        self._idle = 0  # lists looked at in a row that did not move
        self._careful = 0  # so many lists are taken one by one

    @property
    def waiting(self) -> int:
        """Count the lists that are known to be behind."""
        return len(self._backlog)

    @property
    def lag_s(self) -> float:
        """Give the seconds since which a list has been behind and did not move; 0: none is."""
        oldest = self._backlog.oldest
        return 0.0 if oldest is None else max(0.0, self._now() - oldest)

    def wake(self, changed: Iterable[tuple[UUID, int]]) -> None:
        """Take note of lists whose logs reach these offsets; never waits."""
        now = self._now()
        for list_id, offset in changed:
            if piece_of(list_id) in self._pieces:
                self._backlog.heard(list_id, offset, now)
        if self._backlog:
            self._woken.set()

    async def run(self) -> None:
        """Project until cancelled; a graph or a database that is away only delays it."""
        loops = [
            self._every("sweep", _SWEEP_S, self.sweep),
            self._every("project", 0, self._project_when_woken),
        ]
        if self._share is not None:
            await self._try("share", self.renew)
            loops.append(self._every("share", _RENEW_S, self.renew))
        try:
            async with asyncio.TaskGroup() as tasks:
                for loop in loops:
                    tasks.create_task(loop)
        finally:
            if self._share is not None:
                with contextlib.suppress(LockstepError):
                    await asyncio.shield(self._share.release())

    async def renew(self) -> None:
        """Renew this process's share of the lists."""
        if self._share is None:
            return
        pieces = await self._share.renew()
        if pieces - self._pieces:
            self._cursor = None  # what is new is looked through from the start
        lost = self._pieces - pieces
        self._pieces = pieces
        if lost:
            self._backlog.keep(lambda list_id: piece_of(list_id) in pieces)

    async def sweep(self) -> None:
        """Look at the heads of some lists, in turn; whatever nobody told of is found here.

        Goes on through all lists while nothing waits, so that a start has seen them soon. Raises
        GraphUnavailable, Unavailable.
        """
        projection = await self._current()
        while not self._backlog.full:
            page = await self._source.heads(self._cursor, _PAGE)
            self._cursor = page[-1][0] if len(page) == _PAGE else None
            mine = [(one, head) for one, head in page if piece_of(one) in self._pieces]
            unknown = self._backlog.unknown(one for one, _ in mine)
            watermarks = await projection.watermarks(unknown)
            if projection is not self._projection:
                return  # changed meanwhile: these are those of another generation
            self._backlog.reached(watermarks, now=self._now())
            self.wake(mine)
            if self._cursor is None or self._backlog:
                return

    async def catch_up(self) -> None:
        """Project until nothing waits, or nothing of it can be moved: that waits for a sweep."""
        self._idle = 0
        while self._backlog and self._idle <= len(self._backlog):
            await self.step()

    async def step(self) -> None:
        """Project one batch of what waits. Raises GraphUnavailable, Unavailable."""
        projection = await self._current()
        lists = self._backlog.next(1 if self._careful else _LISTS)
        self._careful = max(0, self._careful - 1)
        try:
            advance = await projection.advance(lists)
        except LockstepError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is
            # A mistake of ours must not keep every other list from the graph.
            if len(lists) > 1:
                self._careful = len(lists)
                return
            _log.exception("list_not_projected", list=str(next(iter(lists))))
            self._backlog.drop(lists)
            return
        self.projected += advance.entries
        self._idle = 0 if advance.moved else self._idle + len(lists)
        if projection is self._projection:  # else these are watermarks of another generation
            self._backlog.reached(advance.watermarks, advance.heads, self._now())

    async def _current(self) -> Projection:
        """Give the generation that questions are answered from; a rebuild may have changed it."""
        if self._in_doubt:
            self._in_doubt = False
            self._forget(None)
            try:
                await self._graph.start()
            except BaseException:
                self._in_doubt = True
                raise
        generation = await self._graph.generation(self._source.epoch)
        projection = self._projection
        if projection is None or projection.generation != generation:
            projection = Projection(self._source, self._graph, generation)
            self._forget(projection)
        return projection

    def _forget(self, projection: Projection | None) -> None:
        """Go on with another generation, or one that may have changed behind our back."""
        self._projection = projection
        self._backlog.forget()
        self._cursor = None

    async def _project_when_woken(self) -> None:
        await self._woken.wait()
        self._woken.clear()
        await self._sleep(_GATHER_S)
        try:
            await self.catch_up()
        except LockstepError:
            self._woken.set()  # what waits is tried again
            raise

    async def _every(self, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        delay = _RETRY_S
        while True:
            if await self._try(name, work):
                delay = _RETRY_S
                await self._sleep(seconds)
            else:
                await self._sleep(delay)
                delay = min(2 * delay, _RETRY_MOST_S)

    async def _try(self, name: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Do ``work``; False, and one line in the log, when a part that it needs is away."""
        try:
            await work()
        except LockstepError as error:
            # What comes back may be another server, or the same with what it held long ago.
            self._in_doubt |= isinstance(error, GraphUnavailable)
            if not self._failing:
                graph = isinstance(error, GraphUnavailable)
                lost = "projection_waits" if graph else "database_lost"
                cause = error.__cause__
                said = getattr(cause, "code", None) or type(cause).__name__ if cause else None
                _log.warning(lost, error=error.detail, cause=said, waiting=len(self._backlog))
            self._failing.add(name)
            return False
        except Exception:  # noqa: BLE001 - the loops are what keeps the graph right
            _log.exception("projection_failed")
            return False
        if name in self._failing:
            self._failing.discard(name)
            if not self._failing:
                _log.info("projection_goes_on", waiting=len(self._backlog))
        return True
