"""Hold the answer to a command that took effect, or had taken effect before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.entry import Entry, Position

__all__ = ["Committed"]


@dataclass(frozen=True, slots=True)
class Committed:
    """Hold what a commit answers and what it appended.

    ``status`` and ``body`` (a JSON object) are what the command's own route answers, ``position``
    the one in the body. ``entries`` were newly appended, per log in offset order: empty for a
    replay and for a command that changed nothing. ``replayed``: the first answer, again.
    """

    status: int
    body: bytes
    position: Position
    entries: tuple[Entry, ...] = ()
    replayed: bool = False
