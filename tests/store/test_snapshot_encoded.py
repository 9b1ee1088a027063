"""What the database writes as JSON is the snapshot, page by page, and never much at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from store import snapshot_encoded
from store.errors import NotFound
from store.store import Store
from store.todo.commands import TodoCreate, TodoDelete, TodoUpdate
from tests.store.making import People, new_list, new_todo
from tests.store.test_fold_property import ordered

AWKWARD = (
    'quote " back\\slash / tab\t line\n return\r bell\a escape\x1b delete\x7f separator\u2028 '
    "next\x85 bom\ufeff caf\u00e9 \u725b\u4e73 \U0001f95b </script> %s {} ' '' $1 :list \\u0041"
)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Read in small pages, and note the size of each."""
    sizes: list[int] = []
    read = snapshot_encoded._pages

    async def noted(*arguments: Any, **options: Any) -> AsyncIterator[bytes]:
        async for page in read(*arguments, **options):
            sizes.append(len(page))
            yield page

    monkeypatch.setattr(snapshot_encoded, "_pages", noted)
    monkeypatch.setattr(snapshot_encoded, "_MOST", 4)
    monkeypatch.setattr(snapshot_encoded, "_FEWEST", 1)
    return sizes


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9])
async def test_all_pages_together_are_the_snapshot(
    store: Store, person: People, pages: list[int], count: int
) -> None:
    """Nothing is missing, doubled or out of order where one page ends, and an empty list is one."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    for number in range(count):
        await new_todo(store, ann, list_id, f"todo {number}", after=None)
    position, body = await store.encoded(ann.id, list_id)
    assert position.offset == count + 2
    assert orjson.loads(body) == (await store.snapshot(ann.id, list_id)).as_json()
    assert len(pages) == -(-count // 4)


async def test_every_field_is_spelled_as_in_the_entries(store: Store, person: People) -> None:
    """Whatever stands in the texts, and whatever is empty; of the trash, too."""
    ann = await person(AWKWARD[:20])
    list_id = await new_list(store, ann)
    full = await new_todo(
        store,
        ann,
        list_id,
        AWKWARD,
        notes=AWKWARD * 3,
        priority="high",
        due_at="1987-06-05T04:03:02.1239+02:00",
        estimate_min=100_000,
        labels=["caf\u00e9", '"', "\\"],
        assignees=[ann.username],
        blocked_by=[await new_todo(store, ann, list_id)],
    )
    await store.commit(ann, TodoUpdate(todo_id=full, changes={"completed": True}))
    for trash, whole in ((False, store.snapshot), (True, store.trash)):
        _, body = await store.encoded(ann.id, list_id, trash=trash)
        expected = (await whole(ann.id, list_id)).as_json()
        assert ordered(orjson.loads(body)) == ordered(expected)
        assert full in {todo.id for todo in (await whole(ann.id, list_id)).todos}
        await store.commit(ann, TodoDelete(todo_id=full))


async def test_a_page_is_about_as_large_as_allowed(
    store: Store, person: People, pages: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long notes make pages of fewer todos, so that the loop gets its turn as often as before."""
    monkeypatch.setattr(snapshot_encoded, "_PAGE_BYTES", 25_000)
    ann = await person("ann")
    list_id = await new_list(store, ann)
    many = [TodoCreate(list_id=list_id, title="long", notes="x" * 10_000) for _ in range(12)]
    await store.commit_all(ann, many)
    _, body = await store.encoded(ann.id, list_id)
    assert len(orjson.loads(body)["todos"]) == 12
    assert pages[0] > 40_000
    assert max(pages[1:]) < 25_000
    assert len(pages) == 5


async def test_it_is_for_members_alone(store: Store, person: People) -> None:
    """A stranger learns as much as about a list that does not exist."""
    ann, eve = await person("ann"), await person("eve")
    list_id = await new_list(store, ann)
    with pytest.raises(NotFound):
        await store.encoded(eve.id, list_id)
