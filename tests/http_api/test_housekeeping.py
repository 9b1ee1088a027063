"""The trash is emptied and everyone who follows the list hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from http_api.housekeeping import Housekeeping
from realtime.clock import SystemClock
from store.engines import StoreSettings
from store.entry import Entry
from store.errors import Unavailable
from store.store import Store, open_store
from store.todo.commands import TodoDelete
from tests.store.making import make_person, new_list, new_todo


class OneTurn(SystemClock):
    """Let the loop go round ``turns`` times, then wait for ever."""

    def __init__(self, turns: int) -> None:
        self.turns = turns
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Count a turn."""
        assert seconds > 60
        self.turns -= 1
        if self.turns == 0:
            self.over.set()
            await asyncio.Event().wait()


async def fill_trash(store: Store) -> None:
    """Delete a todo a month and a day ago."""
    ann = await make_person(store, "ann")
    todo_id = await new_todo(store, ann, await new_list(store, ann))
    store.now = lambda: datetime.now(UTC) - timedelta(days=31)
    await store.commit(ann, TodoDelete(todo_id=todo_id))
    store.now = lambda: datetime.now(UTC)


async def test_purged_todos_are_announced(sqlite_url: str) -> None:
    """What was purged goes out like every other entry."""
    store = await open_store(StoreSettings(sqlite_url))
    await fill_trash(store)
    announced: list[Entry] = []
    housekeeping = Housekeeping(store, announced.extend, SystemClock())
    assert await housekeeping.once() == 1
    assert await housekeeping.once() == 0
    assert [entry.type for entry in announced] == ["todo.purged"]
    await store.aclose()


async def test_a_database_that_is_away_only_delays_the_work(sqlite_url: str) -> None:
    """The next turn does what this one could not."""
    store = await open_store(StoreSettings(sqlite_url))
    await fill_trash(store)
    empty_trash = store.empty_trash
    failures = [Unavailable("away")]

    async def failing(older_than: timedelta) -> tuple[Entry, ...]:
        if failures:
            raise failures.pop()
        return await empty_trash(older_than)

    store.empty_trash = failing  # type: ignore[method-assign]  # the database is away for one turn
    announced: list[Entry] = []

    def announce(entries: Iterable[Entry]) -> None:
        announced.extend(entries)

    clock = OneTurn(2)
    task = asyncio.create_task(Housekeeping(store, announce, clock).run())
    await clock.over.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(announced) == 1
    await store.aclose()
