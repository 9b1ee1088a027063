"""Keep what the graph said last, for when it is away, in bounded memory."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from store.graph.answers import Impact, ListDependencies, Recommendations

__all__ = ["LastAnswers", "weight_of"]

# Bytes, as CPython 3.11 holds them: an id is 100 with its number, a small object some 60.
_BASE: Final = 1_000  # the question, the answer itself, and the few items of a small one
_WAITING: Final = 170
_DEPENDENCY: Final = 320
_EDGE: Final = 110
_RECOMMENDATION: Final = 2_000  # its reasons and their facts
_OFFSET: Final = 240


class LastAnswers:
    """Keep the last answers to as many questions as ``most`` bytes hold, estimated.

    Whatever was neither kept nor found for the longest time goes first. One that is heavier than
    all together may be is not kept.
    """

    def __init__(self, most: int = 32 * 1024 * 1024) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self.weight = 0

    def keep(self, question: Hashable, answer: object) -> None:
        """Keep an answer in place of the one before."""
        self.forget(question)
        weight = weight_of(answer)
        if weight > self._most:
            return
        self._kept[question] = answer, weight
        self.weight += weight
        while self.weight > self._most:
            _, (_, freed) = self._kept.popitem(last=False)
            self.weight -= freed

    def find(self, question: Hashable) -> object | None:
        """Give the answer; None: there is none."""
        if question not in self._kept:
            return None
        self._kept.move_to_end(question)
        return self._kept[question][0]

    def forget(self, question: Hashable) -> None:
        """Drop the answer, if there is one."""
        _, weight = self._kept.pop(question, (None, 0))
        self.weight -= weight


def weight_of(answer: object) -> int:
    """Estimate the bytes that an answer takes, from how much is in it: a millisecond at most.

    Those that the question bounds to a few items count as one.
    """
    match answer:
        case Impact(waiting=waiting):
            return _BASE + _WAITING * len(waiting)
        case ListDependencies(todos=todos):
            edges = sum(len(one.waits_for) for one in todos)
            titles = sum(sys.getsizeof(one.title) for one in todos)
            return _BASE + _DEPENDENCY * len(todos) + _EDGE * edges + titles
        case Recommendations(items=items, offsets=offsets):
            return _BASE + _RECOMMENDATION * len(items) + _OFFSET * len(offsets)
        case _:
            return 20 * _BASE
