"""Hold things of which there is mostly none or one, in order, without a dict for that.

An empty dict takes 64 bytes and one that holds something 224; no tuple takes nothing more, and a
tuple of one 48. Each inbox that is followed has several of these.
"""

from __future__ import annotations

from typing import TypeVar

__all__ = ["Few", "added", "removed"]

T = TypeVar("T")

Few = tuple[T, ...] | dict[T, None]
"""None or one as a tuple, more as a dict; both have a length, an order and a membership test."""


def added(few: Few[T], one: T) -> Few[T]:
    """Give ``few`` with ``one``; a dict is changed in place. What is there already stays."""
    if isinstance(few, dict):
        few[one] = None
        return few
    if not few:
        return (one,)
    return few if one in few else {few[0]: None, one: None}


def removed(few: Few[T], one: T) -> Few[T]:
    """Give ``few`` without ``one``; a dict is changed in place, and given up when one is left."""
    if isinstance(few, dict):
        few.pop(one, None)
        return few if len(few) > 1 else tuple(few)
    return () if one in few else few
