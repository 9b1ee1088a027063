"""Tests of answers that are kept for when the graph is away."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from store.graph.answers import (
    Dependency,
    Impact,
    ListDependencies,
    PeopleHints,
    PersonHint,
    Reason,
    Recommendation,
    Recommendations,
    Waiting,
)
from store.graph.last_answers import LastAnswers, weight_of


def _impact(size: int) -> Impact:
    return Impact(UUID(int=1), 1, tuple(Waiting(uuid4(), 1) for _ in range(size)))


def _dependencies(size: int) -> ListDependencies:
    return ListDependencies(
        1,
        tuple(
            Dependency(uuid4(), f"todo number {n} of a list", False, n, (uuid4(), uuid4()))
            for n in range(size)
        ),
        0,
    )


def _recommendations(size: int) -> Recommendations:
    facts = ("todos", "people", "due_in_hours")
    return Recommendations(
        tuple(
            Recommendation(
                uuid4(),
                uuid4(),
                n,
                tuple(Reason("due", n, dict.fromkeys(facts, n)) for _ in range(4)),
            )
            for n in range(size)
        ),
        {uuid4(): n for n in range(size)},
    )


def _people(size: int) -> PeopleHints:
    hints = tuple(
        PersonHint(f"person {n}", n, (Reason("shares_lists", n, {"lists": n}),))
        for n in range(min(size, 20))
    )
    return PeopleHints(hints, hints, 1)


def test_the_last_answer_to_a_question_is_found() -> None:
    """Not the one before, nor that of another question."""
    kept = LastAnswers()
    kept.keep("ann", _impact(1))
    kept.keep("ann", latest := _impact(2))
    kept.keep("bob", _impact(3))
    assert kept.find("ann") is latest
    assert kept.find("eve") is None


def test_the_bytes_count_and_not_the_answers() -> None:
    """What was of no use for the longest time goes; one is not kept that nothing else fits by."""
    answer = _impact(1_000)
    kept = LastAnswers(2 * weight_of(answer))
    kept.keep("ann", answer)
    kept.keep("bob", answer)
    kept.find("ann")
    kept.keep("eve", answer)
    assert [kept.find(one) is answer for one in ("ann", "bob", "eve")] == [True, False, True]
    assert kept.weight == 2 * weight_of(answer)

    kept.keep("ann", _impact(3_000))
    assert kept.find("ann") is None
    assert kept.find("eve") is answer
    kept.forget("eve")
    assert kept.weight == 0


@pytest.mark.parametrize("make", [_impact, _dependencies, _recommendations, _people])
def test_the_weight_is_near_to_what_an_answer_takes(make: Callable[[int], object]) -> None:
    """At least half of it, and at most some times as much for a small one."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    answer = make(2_000)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert taken / 2 < weight_of(answer) < max(2 * taken, 30_000)
