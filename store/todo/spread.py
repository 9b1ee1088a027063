"""Give a crowded place of a list short keys again: whoever stands around it moves a little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from store.todo.position import between

__all__ = ["MAX_KEY", "REACH", "Crowd", "Spread", "is_crowded", "spread"]

MAX_KEY: Final = 256
"""Characters that a key should have at most; the database's index takes 2,600."""

REACH: Final = 256
"""Neighbours on each side that may have to move: each is an entry, and a row to write."""

# The nearest few mostly do. What is half as long lasts for some 700 more insertions at one place.
_WIDTHS: Final = (16, 64, REACH)
_ENOUGH: Final = MAX_KEY // 2


@dataclass(frozen=True, slots=True)
class Crowd:
    """Hold who stands around a place, nearest first: (todo, key), in the trash or not.

    One more than may move on each side, whose keys are the bounds; fewer: the list ends there. What
    is being moved itself is not among them, only its key, ``own``.
    """

    before: Sequence[tuple[UUID, str]]
    after: Sequence[tuple[UUID, str]]
    own: str | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Hold the key for the place, and before it the neighbours' new keys in the order to write.

    In that order no two todos have one key, and none stands out of order, at any time.
    """

    key: str
    moves: tuple[tuple[UUID, str], ...] = ()


def is_crowded(low: str | None, high: str | None) -> bool:
    """Tell whether a key between the two would be too long."""
    if low is None or high is None or max(len(low), len(high)) < MAX_KEY:
        return False
    return len(between(low, high)) > MAX_KEY


def spread(crowd: Crowd) -> Spread | None:
    """Make room in the middle of a crowd, moving as few as help; None when nothing helps."""
    best = None
    for width in _WIDTHS:
        before, after = crowd.before[:width][::-1], crowd.after[:width]
        low = crowd.before[width][1] if len(crowd.before) > width else None
        high = crowd.after[width][1] if len(crowd.after) > width else None
        keys = _evenly(low, high, len(before) + len(after) + 1)
        if crowd.own in keys:
            place = keys.index(crowd.own)
            following = keys[place + 1] if place + 1 < len(keys) else high
            keys[place] = between(keys[place], following)
        longest = max(map(len, keys))
        if longest <= MAX_KEY:
            key = keys.pop(len(before))
            best = Spread(key, _in_order([*before, *after], keys))
        if longest <= _ENOUGH:
            break
    return best


def _evenly(low: str | None, high: str | None, count: int) -> list[str]:
    """Make that many keys between the two, in order, all about equally long."""
    if not count:
        return []
    middle = between(low, high)
    left = (count - 1) // 2
    return [*_evenly(low, middle, left), middle, *_evenly(middle, high, count - 1 - left)]


def _in_order(
    crowd: Sequence[tuple[UUID, str]], keys: Sequence[str]
) -> tuple[tuple[UUID, str], ...]:
    """Order the moves: downwards from the front on, then upwards from the back on."""
    pairs = list(zip(crowd, keys, strict=True))
    down = [(todo_id, key) for (todo_id, old), key in pairs if key < old]
    up = [(todo_id, key) for (todo_id, old), key in reversed(pairs) if key > old]
    return (*down, *up)
