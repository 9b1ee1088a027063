"""How far the logs have come, and who brings the graph forward."""

from __future__ import annotations

import pytest

from store.condition import look_at
from store.graph.progress import Progress, read_progress
from store.leases import Leases
from store.sqlite_condition import read_sqlite_condition, sqlite_path
from store.store import Store
from tests.store.making import make_person, new_list, new_todo


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """Name a database that workers share."""
    return postgresql_url


async def _progress(url: str) -> Progress:
    async with look_at(url) as connection:
        return await read_progress(connection)


async def test_lists_and_entries_are_counted_and_inboxes_are_not(
    store: Store, database_url: str
) -> None:
    """What the projection has to read, and nothing else."""
    ann = await make_person(store, "ann")
    assert await _progress(database_url) == Progress(store.epoch, 0, 0, 0)

    list_id = await new_list(store, ann)  # list.created, member.added
    await new_todo(store, ann, list_id)
    await new_list(store, ann)

    assert await _progress(database_url) == Progress(store.epoch, lists=2, entries=5, workers=0)


async def test_workers_count_while_they_live(store: Store, database_url: str) -> None:
    """Each once, however many pieces it holds; one that let go is not there."""
    one, other = (Leases(store.database, "graph", 16, name) for name in ("a", "b"))
    await one.renew()
    assert (await _progress(database_url)).workers == 1
    await other.renew()
    assert (await _progress(database_url)).workers == 2
    await one.release()
    assert (await _progress(database_url)).workers == 1


async def test_leases_of_other_work_are_no_workers_of_the_graph(
    store: Store, database_url: str
) -> None:
    """The kind of work counts."""
    await Leases(store.database, "other", 2, "a").renew()
    assert (await _progress(database_url)).workers == 0


async def test_a_sqlite_file_tells_the_same(sqlite_url: str) -> None:
    """Read from the file beside whoever writes."""
    from store.engines import StoreSettings
    from store.store import open_store

    opened = await open_store(StoreSettings(sqlite_url))
    try:
        ann = await make_person(opened, "ann")
        await new_todo(opened, ann, await new_list(opened, ann))
        found = read_sqlite_condition(sqlite_path(sqlite_url)).progress
        assert found == Progress(opened.epoch, lists=1, entries=3, workers=0)
    finally:
        await opened.aclose()
