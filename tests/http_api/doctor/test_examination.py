"""Checks run side by side, and none of them hides another."""

from __future__ import annotations

import asyncio
import time

from http_api.doctor.examination import Check, examine
from http_api.doctor.finding import Finding, Mark, ok


def _says(subject: str) -> Check:
    async def check() -> list[Finding]:
        return [ok(subject, "fine")]

    return check


async def _told(checks: dict[str, Check], deadline_s: float = 60.0) -> list[Finding]:
    return [one async for one in examine(checks, deadline_s)]


async def test_they_run_side_by_side_and_are_told_in_order() -> None:
    """The first waits for the last, so one after the other would never end."""
    last = asyncio.Event()

    async def waits() -> list[Finding]:
        await last.wait()
        return [ok("first", "fine")]

    async def frees() -> list[Finding]:
        last.set()
        return [ok("second", "fine"), ok("second", "fine, too")]

    told = await _told({"first": waits, "second": frees})

    assert [one.subject for one in told] == ["first", "second", "second"]


async def test_a_check_that_never_ends_is_itself_a_finding() -> None:
    """However it hangs, the others are told, and so is this."""

    async def hangs() -> list[Finding]:
        await asyncio.Event().wait()
        return []

    told = await _told({"a": hangs, "b": _says("b")}, 0.05)

    assert [(one.mark, one.subject) for one in told] == [(Mark.WRONG, "a"), (Mark.OK, "b")]
    assert "no answer" in told[0].says


async def test_a_check_that_does_not_let_itself_be_cancelled_is_left_behind() -> None:
    """A driver that says goodbye to a frozen server holds nobody up."""
    freed = asyncio.Event()

    async def clings() -> list[Finding]:
        while not freed.is_set():
            try:
                await freed.wait()
            except asyncio.CancelledError:
                continue
        return []

    told = await _told({"a": clings}, 0.05)
    freed.set()

    assert [one.subject for one in told] == ["a"]


async def test_a_check_that_fails_says_nothing_of_what_it_was_told() -> None:
    """An exception's text may hold a password; its kind does not."""

    async def fails() -> list[Finding]:
        raise RuntimeError("postgresql://me:hunter2@db")

    told = await _told({"a": fails, "b": _says("b")})

    assert [(one.mark, one.subject) for one in told] == [(Mark.WRONG, "a"), (Mark.OK, "b")]
    assert "RuntimeError" in told[0].says
    assert "hunter2" not in str(told)


def test_a_thread_that_blocks_for_ever_does_not_keep_the_end_waiting() -> None:
    """A name that no server resolves may take half a minute, a dead file system for ever."""
    began = time.monotonic()

    async def blocks() -> list[Finding]:
        await asyncio.to_thread(time.sleep, 50)
        return []

    told = asyncio.run(_told({"a": blocks}, 0.05))

    assert [one.subject for one in told] == ["a"]
    assert time.monotonic() - began < 40
