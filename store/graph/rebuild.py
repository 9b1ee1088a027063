"""Build the graph anew beside the one in use, and switch; compare it with the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from store.errors import GraphUnavailable, LockstepError
from store.graph.backlog import Backlog
from store.graph.graph import GenerationGone
from store.graph.projection import Projection

if TYPE_CHECKING:
    from store.graph.graph import GraphWriter
    from store.graph.projection import Source

__all__ = ["Lease", "NotRebuilt", "Progress", "Rebuilt", "rebuild"]

Progress = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and how much there is (entries or lists)."""

_PAGE: Final = 2_000
_LISTS: Final = 64
# A pass that finds no more than this much new is followed by the switch: the rest is a moment's
# work for the projector.
_ENOUGH: Final = 2_000
_PASSES: Final = 20
_RENEW_S: Final = 3.0  # a fifth of a lease's life
# A standby that is read may be behind for a moment; a generation that is gone takes nothing in.
_IDLE: Final = 10
_IDLE_S: Final = 0.5

_GONE: Final = (
    "The generation that was being built is gone: another rebuild took its place, or Neo4j was "
    "emptied. What answers now is as it was; run `lockstep graph rebuild` again."
)


class Lease(Protocol):
    """Let one process at a time build; store.graph.neo4j_builder.Neo4jBuilder is one."""

    async def take(self) -> bool:
        """Take it; False: another process holds it."""

    async def renew(self) -> bool:
        """Renew it; False: it is held no more."""

    async def release(self) -> None:
        """Let go of it."""


class NotRebuilt(LockstepError):
    """Refuse a rebuild, or end one that leads nowhere; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Say what a rebuild did."""

    generation: int
    lists: int
    entries: int
    dropped: tuple[int, ...]


async def rebuild(
    source: Source,
    graph: GraphWriter,
    progress: Progress,
    lease: Lease | None = None,
    *,
    grace_s: float = 0.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Rebuilt:
    """Fill a new generation from the logs, answer from it, and remove the others.

    Questions are answered from the old one meanwhile, and writes go on: what they add is taken in
    by further passes, the last of it by the projector. When it is broken off the new generation
    is left over; the next rebuild removes it. ``lease`` keeps a second rebuild from removing what
    this one builds; None: there is none. The old one is removed ``grace_s`` seconds after the
    switch: a question that was under way would be answered from what is left of it. Raises
    NotRebuilt, GraphUnavailable, Unavailable.
    """
    if lease is None:
        return await _rebuild(source, graph, progress, grace_s, sleep)
    if not await lease.take():
        raise NotRebuilt(
            "Another rebuild of this graph is under way: wait for it. This one has changed nothing."
        )
    work = asyncio.create_task(_rebuild(source, graph, progress, grace_s, sleep))
    held = asyncio.create_task(_hold(lease, sleep))
    try:
        await asyncio.wait({work, held}, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else held.result()
    finally:
        for task in (work, held):
            task.cancel()
        await asyncio.gather(work, held, return_exceptions=True)
        with contextlib.suppress(GraphUnavailable):
            await lease.release()


async def _hold(lease: Lease, sleep: Callable[[float], Awaitable[None]]) -> Rebuilt:
    """Renew until cancelled. Raises NotRebuilt when it is another's."""
    while True:
        await sleep(_RENEW_S)
        with contextlib.suppress(GraphUnavailable):  # the work has it too, and says so
            if not await lease.renew():
                raise NotRebuilt(_GONE)


async def _rebuild(
    source: Source,
    graph: GraphWriter,
    progress: Progress,
    grace_s: float,
    sleep: Callable[[float], Awaitable[None]],
) -> Rebuilt:
    lists, total = await _measure(source)
    generation = await graph.begin(source.epoch)
    projection = Projection(source, graph, generation)
    entries = 0
    for _ in range(_PASSES):
        found = await _pass(source, projection, lambda done: progress("lists", done, lists), sleep)
        entries += found
        if found <= _ENOUGH:
            break
    try:
        await graph.switch(generation)
    except GenerationGone as gone:
        raise NotRebuilt(_GONE) from gone
    others = await graph.others(generation)
    if others and grace_s:
        await sleep(grace_s)
    for number, other in enumerate(others):
        progress("old generations", number, len(others))
        await graph.drop(other)
    progress("old generations", len(others), len(others))
    return Rebuilt(generation, lists, max(entries, 0) or total, others)


async def _measure(source: Source) -> tuple[int, int]:
    lists = entries = 0
    after: UUID | None = None
    while page := await source.heads(after, _PAGE):
        lists += len(page)
        entries += sum(head for _, head in page)
        after = page[-1][0]
        if len(page) < _PAGE:
            break
    return lists, entries


async def _pass(
    source: Source,
    projection: Projection,
    told: Callable[[int], None],
    sleep: Callable[[float], Awaitable[None]],
) -> int:
    """Take in what every list has beyond its watermark; give how many entries that was.

    Raises NotRebuilt when nothing moves.
    """
    entries = done = idle = 0
    after: UUID | None = None
    while page := await source.heads(after, _PAGE):
        after = page[-1][0]
        backlog = Backlog(2 * _PAGE)
        backlog.reached(await projection.watermarks([list_id for list_id, _ in page]))
        for list_id, head in page:
            backlog.heard(list_id, head)
        behind = len(backlog)
        told(done + len(page) - behind)
        while backlog:
            advance = await projection.advance(backlog.next(_LISTS))
            # Only what was heard: what comes in meanwhile is for the next pass.
            backlog.reached(advance.watermarks)
            entries += advance.entries
            told(done + len(page) - len(backlog))
            if advance.moved or not backlog:
                idle = 0
                continue
            idle += 1
            if idle == _IDLE:
                raise NotRebuilt(_GONE)
            await sleep(_IDLE_S)
        done += len(page)
    return entries
