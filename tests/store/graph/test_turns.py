"""Tests of who asks the graph when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar
from uuid import UUID

import pytest

from store.errors import GraphUnavailable, TooMany
from store.graph.turns import Turns

T = TypeVar("T")
ANN, BOB = UUID(int=1), UUID(int=2)


class _Work:
    """Be work that ends when it is told to; says which has begun, and in which order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.most = 0
        self._now = 0
        self._let_go = asyncio.Semaphore(0)

    def __call__(self, name: str) -> Callable[[], Awaitable[str]]:
        async def work() -> str:
            self.begun.append(name)
            self._now += 1
            self.most = max(self.most, self._now)
            try:
                await self._let_go.acquire()
            finally:
                self._now -= 1
            return f"{name} {len(self.begun)}"

        return work

    def let_go(self, count: int = 1_000) -> None:
        """Let so many end."""
        for _ in range(count):
            self._let_go.release()


async def _settle() -> None:
    """Let everything that can go on go on: nothing here waits for anything outside."""
    for _ in range(20):
        await asyncio.sleep(0)


async def _all(tasks: Iterable[asyncio.Task[T]]) -> list[T]:
    return list(await asyncio.gather(*tasks))


@pytest.fixture
def work() -> _Work:
    """Give work that waits."""
    return _Work()


async def test_a_crowd_with_one_question_is_answered_by_two(work: _Work) -> None:
    """The first begins at once; who comes later shares the next, which begins after it."""
    turns = Turns(patience_s=None)
    first = asyncio.create_task(turns.share(ANN, "next", work("next")))
    await _settle()
    crowd = [asyncio.create_task(turns.share(ANN, "next", work("next"))) for _ in range(200)]
    await _settle()
    assert work.begun == ["next"]
    work.let_go(1)
    assert await first == "next 1"
    await _settle()
    assert len(work.begun) == 2
    work.let_go(1)
    assert set(await _all(crowd)) == {"next 2"}
    assert work.most == 1


async def test_nobody_shares_what_began_before_they_asked(work: _Work) -> None:
    """What they wrote meanwhile would be missing, or what is forbidden meanwhile be told."""
    turns = Turns(patience_s=None)
    before = asyncio.create_task(turns.share(ANN, "next", work("next")))
    await _settle()
    after = asyncio.create_task(turns.share(ANN, "next", work("next")))
    work.let_go()
    assert await _all((before, after)) == ["next 1", "next 2"]


async def test_an_asker_has_few_turns_and_leaves_others_theirs(work: _Work) -> None:
    """The others wait in their order; another person does not wait for them."""
    turns = Turns(each=2, patience_s=None)
    tasks = [asyncio.create_task(turns.share(ANN, n, work(f"ann {n}"))) for n in range(5)]
    await _settle()
    tasks.append(asyncio.create_task(turns.share(BOB, 0, work("bob"))))
    await _settle()
    assert work.begun == ["ann 0", "ann 1", "bob"]
    work.let_go(1)
    await _settle()
    assert work.begun == ["ann 0", "ann 1", "bob", "ann 2"]
    work.let_go()
    await _all(tasks)
    assert work.begun[3:] == ["ann 2", "ann 3", "ann 4"]
    assert work.most == 3


async def test_who_waits_too_long_for_a_turn_is_refused(work: _Work) -> None:
    """With the seconds after which it is worth trying; the next to ask is not held to it."""
    turns = Turns(each=1, patience_s=0.05)
    held = asyncio.create_task(turns.share(ANN, "long", work("long")))
    await _settle()
    for question in ("other", "long", "other"):
        with pytest.raises(TooMany) as refused:
            await turns.share(ANN, question, work(question))
        assert refused.value.retry_after_s == 1
    assert work.begun == ["long"]
    work.let_go()
    assert await held == "long 1"
    assert await turns.share(ANN, "other", work("other")) == "other 2"


async def test_what_nobody_waits_for_is_not_done(work: _Work) -> None:
    """Neither gone on with nor begun; while one still waits, it is."""
    turns = Turns(each=1, patience_s=None)
    running = [asyncio.create_task(turns.share(ANN, "a", work("a"))) for _ in range(2)]
    await _settle()
    waiting = asyncio.create_task(turns.share(ANN, "b", work("b")))
    await _settle()
    waiting.cancel()
    running[0].cancel()
    await _settle()
    assert work.most == 1
    assert not running[1].done()
    running[1].cancel()
    await asyncio.gather(waiting, *running, return_exceptions=True)
    await _settle()
    work.let_go()
    assert await turns.share(ANN, "c", work("c")) == "c 2"
    assert work.begun == ["a", "c"]


async def test_a_refusal_is_everyone_s_who_shares_it() -> None:
    """And the next question is asked anew."""
    turns = Turns()

    async def refuse() -> str:
        raise GraphUnavailable("It is away.")

    answers = await asyncio.gather(
        *(turns.share(ANN, "next", refuse) for _ in range(3)), return_exceptions=True
    )
    assert [type(one) for one in answers] == [GraphUnavailable] * 3

    async def answer() -> str:
        return "answer"

    assert await turns.share(ANN, "next", answer) == "answer"


async def test_all_together_ask_a_bounded_number_at_a_time() -> None:
    """Whoever finds no room for too long hears that the graph has too much to do."""
    turns = Turns(in_all=2, patience_s=0.05)
    async with turns.seat(), turns.seat():
        with pytest.raises(GraphUnavailable) as refused:
            async with turns.seat():
                pytest.fail("a third one")
        assert refused.value.retry_after_s == 1
    async with turns.seat(), turns.seat():
        pass
