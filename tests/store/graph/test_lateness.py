"""Tests of telling a graph that is a moment behind from one that is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store.entry import LogRead
from store.graph.lateness import Lateness
from store.store import Store
from tests.store.making import People, new_list, new_todo


class _Time:
    """Be a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time(store: Store) -> _Time:
    """Give the store's clock."""
    store.now = _Time()
    return store.now


async def test_what_was_written_just_now_may_be_missing_and_later_may_not(
    store: Store, person: People, time: _Time
) -> None:
    """The age of the first missing entry decides, not how many are missing."""
    lateness = Lateness(store)
    ann = await person("ann")
    list_id = await new_list(store, ann)
    for _ in range(10):
        await new_todo(store, ann, list_id)
    time.pass_by(4)
    await new_todo(store, ann, list_id)
    assert not await lateness.is_late({list_id: 0})
    time.pass_by(2)
    assert await lateness.is_late({list_id: 0})
    assert await lateness.is_late({list_id: 11})
    assert not await lateness.is_late({list_id: 12})
    time.pass_by(4)
    assert await lateness.is_late({list_id: 12})
    assert not await lateness.is_late({list_id: 13})


async def test_one_late_list_among_many_is_found(
    store: Store, person: People, time: _Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever it is; heads that are known already are not read again."""
    monkeypatch.setattr("store.graph.lateness._AT_ONCE", 2)
    lateness = Lateness(store)
    ann = await person("ann")
    lists = [await new_list(store, ann)]
    time.pass_by(6)
    lists += [await new_list(store, ann) for _ in range(4)]
    heads = dict.fromkeys(lists, 2)
    none = dict.fromkeys(reversed(lists), 0)
    assert await lateness.is_late(none)
    assert await lateness.is_late(none, heads)
    assert not await lateness.is_late(none | {lists[0]: 2}, heads)
    assert not await lateness.is_late(none, dict.fromkeys(lists, 0))
    assert not await lateness.is_late({})


async def test_what_the_log_has_no_more_was_missed_long_ago(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its history is pruned: there is no entry to tell when it was written."""
    list_id = await new_list(store, await person("ann"))
    read_log = store.read_log

    async def pruned(*about: Any, **bounds: Any) -> LogRead:
        return replace(await read_log(*about, **bounds), floor=2, entries=())

    monkeypatch.setattr(store, "read_log", pruned)
    assert await Lateness(store).is_late({list_id: 1})
    assert not await Lateness(store).is_late({list_id: 2})
