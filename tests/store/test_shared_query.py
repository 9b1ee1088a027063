"""Questions asked in the same moment share a statement, and each gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from store.shared_query import SharedQuery


async def test_questions_of_one_moment_go_together_within_the_bound() -> None:
    """Ten questions, four at most: three batches, answers in order."""
    batches: list[Sequence[int]] = []

    async def double(asked: Sequence[int]) -> list[int]:
        batches.append(asked)
        return [2 * each for each in asked]

    query = SharedQuery(double, most=4, at_once=1)
    answers = await asyncio.gather(*(query.ask(number) for number in range(10)))
    assert answers == [2 * number for number in range(10)]
    assert [len(batch) for batch in batches] == [4, 4, 2]


async def test_a_failure_reaches_all_of_its_batch_and_no_other() -> None:
    """The next questions are answered again."""

    async def fail_on_zero(asked: Sequence[int]) -> list[int]:
        return [1 // each for each in asked]

    query = SharedQuery(fail_on_zero, most=2, at_once=1)
    outcomes = await asyncio.gather(
        *(query.ask(number) for number in (0, 1, 1, 1)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [
        ZeroDivisionError,
        ZeroDivisionError,
        int,
        int,
    ]


async def test_a_cancelled_caller_takes_nobody_along() -> None:
    """The question under way is answered to those who still wait."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(asked: Sequence[str]) -> Sequence[str]:
        begun.set()
        await go_on.wait()
        return asked

    query = SharedQuery(slow, most=2, at_once=1)
    leaving, staying = (asyncio.create_task(query.ask(name)) for name in ("a", "b"))
    await begun.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    go_on.set()
    assert await staying == "b"
    await query.aclose()
