"""The trash is emptied after its time, by entries like everything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest

from store.actor import Actor
from store.engines import StoreSettings
from store.errors import Conflict, NotFound
from store.store import Store, open_store
from store.todo.commands import TodoBlock, TodoCreate, TodoDelete, TodoRestore
from store.trash import SERVICE
from tests.store.making import People, new_list, new_todo
from tests.store.test_fold_property import fold

MONTH = timedelta(days=30)


async def test_only_what_has_lain_long_enough_is_purged(store: Store, person: People) -> None:
    """Each purged todo is an entry of its list; the fold agrees with the rows."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    old, recent, live = [await new_todo(store, ann, list_id, name) for name in "abc"]
    store.now = lambda: datetime.now(UTC) - timedelta(days=31)
    await store.commit(ann, TodoDelete(todo_id=old))
    store.now = lambda: datetime.now(UTC)
    await store.commit(ann, TodoDelete(todo_id=recent))

    (purged,) = await store.empty_trash(MONTH)
    assert purged.type == "todo.purged"
    assert orjson.loads(purged.data)["todo_id"] == str(old)
    assert await store.empty_trash(MONTH) == ()
    assert [todo.id for todo in (await store.trash(ann.id, list_id)).todos] == [recent]
    state = await fold(store, list_id)
    assert set(state.todos) == {recent, live}
    with pytest.raises(NotFound):
        await store.commit(ann, TodoRestore(todo_id=old))


async def test_a_large_trash_is_emptied_in_small_transactions(store: Store, person: People) -> None:
    """A hundred at a time, so that writers of the list hardly wait; then the next list's."""
    ann = await person("ann")
    store.now = lambda: datetime.now(UTC) - timedelta(days=31)
    for count in (101, 2):
        list_id = await new_list(store, ann)
        for number in range(count):
            todo_id = await new_todo(store, ann, list_id, f"todo {number}")
            await store.commit(ann, TodoDelete(todo_id=todo_id))
    store.now = lambda: datetime.now(UTC)
    sizes = []
    while purged := await store.empty_trash(MONTH):
        sizes.append(len(purged))
    assert sorted(sizes) == [1, 2, 100]


async def bury(store: Store, actor: Actor, *todo_ids: UUID) -> None:
    """Delete todos a month and a day ago."""
    store.now = lambda: datetime.now(UTC) - timedelta(days=31)
    for todo_id in todo_ids:
        await store.commit(actor, TodoDelete(todo_id=todo_id))
    store.now = lambda: datetime.now(UTC)


async def test_whoever_waited_for_what_is_purged_is_let_go_first(
    store: Store, person: People
) -> None:
    """By entries of the service's own, also in the trash; the rows say the same as the fold."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    kept = await new_todo(store, ann, list_id, "kept")
    gone = [await new_todo(store, ann, list_id, name) for name in ("milk", "bread")]
    waiting = await new_todo(store, ann, list_id, "live", blocked_by=[gone[0], kept, gone[1]])
    trashed = await new_todo(store, ann, list_id, "in the trash", blocked_by=[gone[1]])
    # Goes with what it waits for: there is nobody left to be let go.
    together = await new_todo(store, ann, list_id, "together", blocked_by=gone)
    await store.commit(ann, TodoDelete(todo_id=trashed))
    await bury(store, ann, *gone, together)

    made = await store.empty_trash(MONTH)
    told = [orjson.loads(entry.data) for entry in made]
    assert {one["actor"]["id"] for one in told} == {str(SERVICE.id)}
    assert [(one["type"], one["todo_id"], one.get("by")) for one in told] == [
        ("todo.unblocked", str(waiting), str(gone[0])),
        ("todo.unblocked", str(waiting), str(gone[1])),
        ("todo.unblocked", str(trashed), str(gone[1])),
        *(("todo.purged", str(todo_id), None) for todo_id in (*gone, together)),
    ]
    assert await store.empty_trash(MONTH) == ()
    live = {todo.id: todo for todo in (await store.snapshot(ann.id, list_id)).todos}
    (buried,) = (await store.trash(ann.id, list_id)).todos
    assert (live[waiting].blocked_by, live[waiting].offset) == ((kept,), made[1].offset)
    assert (buried.blocked_by, buried.offset) == ((), made[2].offset)
    state = await fold(store, list_id)
    assert state.todos == {**live, buried.id: buried}


async def test_an_id_that_was_purged_begins_anew(store: Store, person: People) -> None:
    """No dependency comes back to life, and a circle is refused like any other."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    again = uuid4()
    await new_todo(store, ann, list_id, "first", id=again)
    waiting = await new_todo(store, ann, list_id, "waits", blocked_by=[again])
    await bury(store, ann, again)
    while await store.empty_trash(MONTH):
        pass
    await new_todo(store, ann, list_id, "second", id=again, blocked_by=[waiting])
    todos = {todo.id: todo.blocked_by for todo in (await store.snapshot(ann.id, list_id)).todos}
    assert todos == {waiting: (), again: (waiting,)}
    with pytest.raises(Conflict) as refused:
        await store.commit(ann, TodoBlock(todo_id=waiting, by=again))
    assert refused.value.code == "cycle"


async def test_what_very_many_wait_for_is_purged_in_small_transactions(
    store: Store, person: People
) -> None:
    """They are let go a hundred at a time, and only then it is purged."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    hub = await new_todo(store, ann, list_id, "hub")
    many = [TodoCreate(list_id=list_id, title="waits", blocked_by=[hub]) for _ in range(120)]
    await store.commit_all(ann, many)
    await bury(store, ann, hub)
    kinds = []
    while made := await store.empty_trash(MONTH):
        kinds.append([entry.type for entry in made])
    assert kinds == [["todo.unblocked"] * 100, [*["todo.unblocked"] * 20, "todo.purged"]]
    todos = (await store.snapshot(ann.id, list_id)).todos
    assert {todo.blocked_by for todo in todos} == {()}
    state = await fold(store, list_id)
    assert state.todos == {todo.id: todo for todo in todos}


async def test_an_id_that_was_purged_can_be_used_in_another_list(
    store: Store, person: People, database_url: str
) -> None:
    """Where a todo is, is remembered; a memory from before it was purged does no harm."""
    ann = await person("ann")
    before, after = await new_list(store, ann), await new_list(store, ann)
    again = uuid4()
    waiting = await new_todo(store, ann, before, "waits")
    await new_todo(store, ann, before, "first", id=again)
    await store.commit(ann, TodoBlock(todo_id=waiting, by=again))
    await bury(store, ann, again)
    while await store.empty_trash(MONTH):
        pass
    other = await open_store(StoreSettings(database_url))
    await new_todo(other, ann, after, "second", id=again)
    await other.aclose()
    made = await store.commit(ann, TodoDelete(todo_id=again))
    assert made.status == 200
    assert [todo.title for todo in (await store.trash(ann.id, after)).todos] == ["second"]
