"""The trash is emptied after its time, by entries like everything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from store.errors import NotFound
from store.store import Store
from store.todo.commands import TodoDelete, TodoRestore
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
