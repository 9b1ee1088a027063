"""Tests of when a server is asked that did not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from store.errors import GraphUnavailable
from store.graph.breaker import Breaker, Failure


class _Failed(Exception):
    """Be a failure of the kind that it says."""

    def __init__(self, failure: Failure | None) -> None:
        super().__init__(str(failure))
        self.failure = failure


class _Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """Give the clock by which breakers go."""
    made = _Clock()
    monkeypatch.setattr("circuitbreaker.monotonic", made)
    return made


@pytest.fixture
def breaker(clock: _Clock) -> Breaker:
    """Give one that opens after three failures and tries again after a minute."""

    def judge(error: Exception) -> Failure | None:
        return error.failure if isinstance(error, _Failed) else None

    return Breaker(3, 60, judge)


def is_open(breaker: Breaker) -> bool:
    """Tell it anew each time."""
    return breaker.open


def _answer() -> Awaitable[str]:
    return asyncio.sleep(0, "answer")


def _fail(failure: Failure | None) -> Callable[[], Awaitable[str]]:
    async def question() -> str:
        raise _Failed(failure)

    return question


async def _fail_often(breaker: Breaker, failure: Failure, times: int) -> None:
    for _ in range(times):
        with pytest.raises(GraphUnavailable):
            await breaker.ask(_fail(failure))


async def test_an_answer_is_given(breaker: Breaker) -> None:
    """A breaker is not in the way of what works."""
    assert await breaker.ask(_answer) == "answer"
    assert not is_open(breaker)


async def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    """From then on nothing is asked, and who asks hears when it is worth asking again."""
    await _fail_often(breaker, Failure.COUNTS, 2)
    assert not is_open(breaker)
    await _fail_often(breaker, Failure.COUNTS, 1)
    assert is_open(breaker)

    with pytest.raises(GraphUnavailable) as refused:
        await breaker.ask(lambda: pytest.fail("asked"))

    assert refused.value.retry_after_s == 60
    assert refused.value.code == "graph_unavailable"


async def test_an_answer_in_between_begins_the_count_anew(breaker: Breaker) -> None:
    """Now and then something fails."""
    for _ in range(5):
        await _fail_often(breaker, Failure.COUNTS, 2)
        await breaker.ask(_answer)
    assert not is_open(breaker)


async def test_the_cause_of_a_failure_is_kept(breaker: Breaker) -> None:
    """For the log; the client hears only that the graph does not answer."""
    with pytest.raises(GraphUnavailable) as failed:
        await breaker.ask(_fail(Failure.PASSING))
    assert isinstance(failed.value.__cause__, _Failed)


async def test_what_passes_and_what_is_wrong_do_not_count(breaker: Breaker) -> None:
    """A server that is busy or finds fault with a statement does answer."""
    await _fail_often(breaker, Failure.PASSING, 5)
    for _ in range(5):
        with pytest.raises(_Failed):
            await breaker.ask(_fail(None))
    assert not is_open(breaker)


async def test_it_opens_at_once_for_a_server_that_lets_nobody_in(breaker: Breaker) -> None:
    """A wrong password does not become right; a server may lock the account."""
    await _fail_often(breaker, Failure.OPENS, 1)
    assert is_open(breaker)


async def test_after_a_while_one_question_tries_it(breaker: Breaker, clock: _Clock) -> None:
    """Not all at once: each would wait for a server that may still be away."""
    await _fail_often(breaker, Failure.COUNTS, 3)
    clock.now += 60.1
    assert not is_open(breaker)
    release = asyncio.Event()

    async def slow() -> str:
        await release.wait()
        return "answer"

    probe = asyncio.create_task(breaker.ask(slow))
    await asyncio.sleep(0)
    with pytest.raises(GraphUnavailable) as refused:
        await breaker.ask(_answer)
    assert refused.value.retry_after_s == 1
    release.set()
    assert await probe == "answer"

    assert await breaker.ask(_answer) == "answer"
    # And it counts from the beginning.
    await _fail_often(breaker, Failure.COUNTS, 2)
    assert not is_open(breaker)


async def test_a_try_that_fails_is_followed_by_another_wait(
    breaker: Breaker, clock: _Clock
) -> None:
    """One failure is enough then."""
    await _fail_often(breaker, Failure.COUNTS, 3)
    clock.now += 60.1
    await _fail_often(breaker, Failure.COUNTS, 1)
    assert is_open(breaker)
    clock.now += 60.1
    assert await breaker.ask(_answer) == "answer"


async def test_a_cancelled_question_tells_nothing(breaker: Breaker, clock: _Clock) -> None:
    """A client that goes away neither opens nor closes it, and lets the next one try."""
    await _fail_often(breaker, Failure.COUNTS, 3)
    clock.now += 60.1
    probe = asyncio.create_task(breaker.ask(asyncio.Event().wait))
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    await _fail_often(breaker, Failure.COUNTS, 1)
    assert is_open(breaker)


async def test_its_state_has_a_name(breaker: Breaker, clock: _Clock) -> None:
    """For whoever watches: closed, open, and half open while the next question decides."""
    assert breaker.state == "closed"
    with pytest.raises(GraphUnavailable):
        await breaker.ask(_fail(Failure.OPENS))
    assert breaker.state == "open"
    clock.now += 61
    assert breaker.state == "half_open"
    await breaker.ask(_answer)
    assert breaker.state == "closed"
