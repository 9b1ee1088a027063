"""Run checks side by side, each bounded in time, none hiding another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Any, Final

from http_api.doctor.finding import Finding, wrong

__all__ = ["Check", "examine"]

Check = Callable[[], Awaitable[list[Finding]]]
"""Looks at one part, and says in a line each what it found."""

# Longer than any driver's own limit, which says more than this one can.
DEADLINE_S: Final = 12.0
_FAREWELL_S: Final = 0.5


async def examine(
    checks: Mapping[str, Check], deadline_s: float = DEADLINE_S
) -> AsyncIterator[Finding]:
    """Start all checks at once; give what they found, in the order of ``checks``.

    A check that fails or takes longer than ``deadline_s`` is itself a finding, and nothing of an
    exception's text is in it: drivers repeat what they were given.
    """
    asyncio.get_running_loop().set_default_executor(_Aside())
    tasks = {
        subject: asyncio.create_task(_bounded(subject, check, deadline_s))
        for subject, check in checks.items()
    }
    for task in tasks.values():
        for found in await task:
            yield found


async def _bounded(subject: str, check: Check, deadline_s: float) -> list[Finding]:
    task = asyncio.ensure_future(check())
    done, _ = await asyncio.wait({task}, timeout=deadline_s)
    if not done:
        task.cancel()
        # Its last words need not be waited for: a frozen server hears no goodbye.
        await asyncio.wait({task}, timeout=_FAREWELL_S)
        said = f"no answer within {deadline_s:g} s"
        return [wrong(subject, said, "See whether it is running, and not stopped or overloaded.")]
    error = task.exception()
    if error is None:
        return task.result()
    return [
        wrong(
            subject,
            f"the check itself failed ({type(error).__name__})",
            "Please report this; the other lines stand by themselves.",
        )
    ]


class _Aside(ThreadPoolExecutor):
    """Run what blocks in threads that nobody waits for at the end.

    A name that no server resolves blocks for up to half a minute, and a file on a network that is
    away for ever.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` in a thread of its own."""
        future: Future[Any] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - whoever waits raises it
                future.set_exception(error)

        Thread(target=run, daemon=True).start()
        return future
