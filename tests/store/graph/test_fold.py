"""Folding a list's entries into the graph gives exactly what its rows say."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.entry import Entry
from store.errors import LockstepError
from store.graph.apply import apply
from store.graph.fold import fold
from store.graph.model import ListGraph
from store.graph.source import GraphSource
from store.log_id import LogId
from store.store import Store
from store.todo.commands import ListCreate, ListDelete, MemberSet, TodoDelete
from tests.store.making import make_person, new_list, new_todo
from tests.store.todo.actions import Action, actions

CAST = ("ann", "bob", "cyd")


async def entries_of(store: Store, list_id: UUID) -> tuple[Entry, ...]:
    """Read the whole log of a list."""
    log = LogId.list(list_id)
    return (await store.read_log(log, None, 0, limit=1_000, max_bytes=10**8)).entries


def folded(list_id: UUID, entries: tuple[Entry, ...], cuts: list[int]) -> ListGraph | None:
    """Fold a history in runs that end at the cuts."""
    state = None
    bounds = sorted({0, len(entries), *(cut % (len(entries) + 1) for cut in cuts)})
    for start, end in pairwise(bounds):
        state = apply(state, fold(list_id, start, entries[start:end]))
    return state


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=actions, cuts=st.lists(st.integers(0, 999), max_size=6))
async def test_however_a_history_is_cut_its_runs_come_to_what_the_rows_say(
    store: Store, history: list[Action], cuts: list[int]
) -> None:
    """And folding more at once, or some of it twice, comes to the same."""
    cast = getattr(store, "cast", None) or {name: await make_person(store, name) for name in CAST}
    store.cast = cast  # type: ignore[attr-defined]  # kept beside the store it belongs to
    made = await store.commit(cast["ann"], ListCreate(title="Groceries"))
    list_id = UUID(orjson.loads(made.body)["list"]["id"])
    await store.commit(cast["ann"], MemberSet(list_id=list_id, username="bob", role="editor"))
    todo_ids: list[UUID] = []
    for action in history:
        command = action.command(list_id, todo_ids)
        if command is None:
            continue
        try:
            answer = await store.commit(cast[action.actor], command)
        except LockstepError:
            continue
        if action.kind == "create":
            todo_ids.append(UUID(orjson.loads(answer.body)["todo"]["id"]))
    entries = await entries_of(store, list_id)
    expected = await GraphSource(store).whole(list_id)
    assert folded(list_id, entries, cuts) == expected
    assert folded(list_id, entries, []) == expected
    assert apply(expected, fold(list_id, 0, entries)) == expected


async def test_what_was_purged_hangs_on_nothing(store: Store) -> None:
    """Nothing waits for it any more, whether the runs saw it live or not."""
    ann = await make_person(store, "ann")
    list_id = await new_list(store, ann)
    blocker = await new_todo(store, ann, list_id, "old")
    waiting = await new_todo(store, ann, list_id, "new", blocked_by=[blocker])
    await store.commit(ann, TodoDelete(todo_id=blocker))
    before = await GraphSource(store).whole(list_id)
    assert before is not None
    assert before.todos[blocker].deleted
    assert before.todos[waiting].blocked_by == {blocker}
    entries = await entries_of(store, list_id)
    purged = orjson.dumps({"type": "todo.purged", "todo_id": str(blocker)})
    entries = (*entries, Entry(LogId.list(list_id), len(entries) + 1, "todo.purged", None, purged))
    for cuts in ([], [len(entries) - 1]):
        after = folded(list_id, entries, cuts)
        assert after is not None
        assert set(after.todos) == {waiting}
        assert after.todos[waiting].blocked_by == frozenset()


async def test_a_deleted_list_is_nothing_but_its_end(store: Store) -> None:
    """The offset stays, so that nobody projects it again."""
    ann = await make_person(store, "ann")
    list_id = await new_list(store, ann)
    await new_todo(store, ann, list_id)
    await store.commit(ann, ListDelete(list_id=list_id))
    expected = ListGraph(list_id, 4, deleted=True)
    assert await GraphSource(store).whole(list_id) == expected
    entries = await entries_of(store, list_id)
    assert folded(list_id, entries, []) == folded(list_id, entries, [3]) == expected


async def test_an_entry_of_a_newer_version_only_moves_the_offset(store: Store) -> None:
    """Replicas of two versions write side by side during a deploy."""
    ann = await make_person(store, "ann")
    list_id = await new_list(store, ann)
    entries = await entries_of(store, list_id)
    newer = Entry(LogId.list(list_id), 3, "list.painted", None, b'{"type":"list.painted"}')
    before = folded(list_id, entries, [])
    after = folded(list_id, (*entries, newer), [])
    assert before is not None
    assert after is not None
    assert (after.offset, after.members) == (3, before.members)


async def test_the_source_reads_every_list_in_pages(store: Store) -> None:
    """In order of their ids, each once, with its head; what never was is nothing."""
    ann = await make_person(store, "ann")
    made = sorted([await new_list(store, ann) for _ in range(5)])
    source = GraphSource(store)
    found = []
    after = None
    while page := await source.heads(after, 2):
        found += page
        after = page[-1][0]
    assert found == [(list_id, 2) for list_id in made]
    assert await source.whole(ann.id) is None
