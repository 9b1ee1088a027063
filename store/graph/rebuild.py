"""Build the graph anew beside the one in use, and switch; compare it with the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from store.graph.backlog import Backlog
from store.graph.projection import Projection

if TYPE_CHECKING:
    from store.graph.graph import GraphWriter
    from store.graph.projection import Source

__all__ = ["Progress", "Rebuilt", "rebuild"]

Progress = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and how much there is (entries or lists)."""

_PAGE: Final = 2_000
_LISTS: Final = 64
# A pass that finds no more than this much new is followed by the switch: the rest is a moment's
# work for the projector.
_ENOUGH: Final = 2_000
_PASSES: Final = 20


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Say what a rebuild did."""

    generation: int
    lists: int
    entries: int
    dropped: tuple[int, ...]


async def rebuild(source: Source, graph: GraphWriter, progress: Progress) -> Rebuilt:
    """Fill a new generation from the logs, answer from it, and remove the others.

    Questions are answered from the old one meanwhile, and writes go on: what they add is taken in
    by further passes, the last of it by the projector. When it is broken off the new generation
    is left over; the next rebuild removes it. Raises GraphUnavailable, Unavailable.
    """
    lists, total = await _measure(source)
    generation = await graph.begin(source.epoch)
    projection = Projection(source, graph, generation)
    entries = 0
    for _ in range(_PASSES):
        found = await _pass(source, projection, lambda done: progress("lists", done, lists))
        entries += found
        if found <= _ENOUGH:
            break
    await graph.switch(generation)
    others = await graph.others(generation)
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


async def _pass(source: Source, projection: Projection, told: Callable[[int], None]) -> int:
    """Take in what every list has beyond its watermark; give how many entries that was."""
    entries = done = 0
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
        done += len(page)
    return entries
