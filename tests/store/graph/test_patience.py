"""Tests of whose fault it is that an answer took too long."""

from __future__ import annotations

import asyncio

import pytest

from store.graph.patience import Patience, TooMuch


class _Server:
    """Be a server that answers greetings, or that is silent."""

    def __init__(self, *, silent: bool = False) -> None:
        self.greeted = 0
        self._silent = silent

    async def greet(self) -> None:
        self.greeted += 1
        if self._silent:
            await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let doubt come at once, so that a greeting has time on a busy machine."""
    monkeypatch.setattr("store.graph.patience._DOUBT", 0.01)


async def _too_long(patience: Patience, seconds: float = 0.1) -> None:
    async with patience.within(seconds):
        await asyncio.Event().wait()


async def test_what_ends_in_time_is_left_alone() -> None:
    """And nobody is greeted for it."""
    server = _Server()
    patience = Patience(server.greet)
    async with patience.within(60.0):
        pass
    assert server.greeted == 0


async def test_a_question_is_too_much_for_a_server_that_answers_greetings() -> None:
    """All who doubt share a greeting; afterwards it is greeted anew."""
    server = _Server()
    patience = Patience(server.greet)
    ended = await asyncio.gather(
        *(_too_long(patience, 2.0) for _ in range(20)), return_exceptions=True
    )
    assert [type(one) for one in ended] == [TooMuch] * 20
    assert server.greeted == 1
    with pytest.raises(TooMuch):
        await _too_long(patience, 2.0)
    assert server.greeted == 2


async def test_a_question_is_too_much_for_a_server_that_answers_others() -> None:
    """Then it need not be greeted."""
    server = _Server(silent=True)
    patience = Patience(server.greet)

    async def question() -> None:
        async with patience.within(0.1):
            async with patience.within(60.0):
                pass
            await asyncio.Event().wait()

    with pytest.raises(TooMuch):
        await question()
    assert server.greeted == 0


async def test_a_server_that_says_nothing_is_to_blame() -> None:
    """However often it is greeted; who closes does not wait for it."""
    server = _Server(silent=True)
    patience = Patience(server.greet)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await _too_long(patience)
    assert server.greeted >= 1
    await patience.aclose()


async def test_a_server_that_refuses_greetings_is_to_blame() -> None:
    """It is away."""

    async def refuse() -> None:
        raise ConnectionRefusedError

    with pytest.raises(TimeoutError):
        await _too_long(Patience(refuse))


async def test_what_was_heard_before_the_question_does_not_count() -> None:
    """It may be away since then."""
    server = _Server(silent=True)
    patience = Patience(server.greet)
    async with patience.within(60.0):
        pass
    with pytest.raises(TimeoutError):
        await _too_long(patience)
    await patience.aclose()
