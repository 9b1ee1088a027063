"""Searching goes over all of one's lists and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from store.errors import NotFound
from store.store import Store
from store.todo.commands import TodoDelete, TodoUpdate
from store.todo_search import TodoSearch
from tests.store.making import People, new_list, new_todo


async def titles(store: Store, actor: object, **wanted: object) -> list[str]:
    """Give the titles found, in order."""
    found = await store.search(actor.id, TodoSearch(**wanted))  # type: ignore[attr-defined, arg-type]
    return [todo.title for todo in found]


async def test_each_filter_narrows_what_is_found(store: Store, person: People) -> None:
    """Filters combine; wildcards of the database mean themselves."""
    ann, bob = await person("ann"), await person("bob")
    home, work = await new_list(store, ann, bob), await new_list(store, ann)
    await new_todo(store, ann, home, "Buy 100% milk", labels=("shop",), assignees=("bob",))
    due = await new_todo(store, ann, home, "pay_rent", due_at="2030-01-01T00:00:00Z")
    await new_todo(store, ann, work, "write report", notes="about MILK prices")
    gone = await new_todo(store, ann, work, "old")
    await store.commit(ann, TodoDelete(todo_id=gone))
    await store.commit(ann, TodoUpdate(todo_id=due, changes={"completed": True}))

    assert await titles(store, ann) == ["Buy 100% milk", "pay_rent", "write report"]
    assert await titles(store, ann, list_id=work) == ["write report"]
    assert await titles(store, ann, completed=True) == ["pay_rent"]
    assert await titles(store, ann, assignee="bob") == ["Buy 100% milk"]
    for spelling in ("BOB", "ｂｏｂ"):  # names are compared by their key, not by their letters
        assert await titles(store, ann, assignee=spelling) == ["Buy 100% milk"]
    assert await titles(store, ann, assignee="nobody") == []
    assert await titles(store, ann, label="shop") == ["Buy 100% milk"]
    assert await titles(store, ann, label="sho") == []
    assert await titles(store, ann, text="milk") == ["Buy 100% milk", "write report"]
    assert await titles(store, ann, text="0%") == ["Buy 100% milk"]
    assert await titles(store, ann, text="y_r") == ["pay_rent"]
    assert await titles(store, ann, text="_") == ["pay_rent"]
    assert await titles(store, ann, due_before=datetime(2031, 1, 1, tzinfo=UTC)) == ["pay_rent"]
    assert await titles(store, ann, due_before=datetime(2030, 1, 1, tzinfo=UTC)) == []
    assert await titles(store, bob) == ["Buy 100% milk", "pay_rent"]
    with pytest.raises(NotFound):
        await titles(store, bob, list_id=work)


@pytest.mark.parametrize("text", ["äpfel", "ÄPFEL", "Äpfel", "ОГУРЦЫ", "огурцы"])
async def test_case_is_ignored_in_every_alphabet(store: Store, person: People, text: str) -> None:
    """Whatever locale the database was made in."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    await new_todo(store, ann, list_id, "grüne ÄPFEL", notes="und Огурцы")
    await new_todo(store, ann, list_id, "Apfel")
    assert await titles(store, ann, text=text) == ["grüne ÄPFEL"]


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_join_up_without_a_gap_or_a_repeat(
    store: Store, person: People, limit: int
) -> None:
    """The order is one that no later change disturbs."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    made = [f"todo {number}" for number in range(5)]
    for title in made:
        await new_todo(store, ann, list_id, title)
    seen: list[str] = []
    after = None
    while page := await store.search(ann.id, TodoSearch(limit=limit, after=after)):
        seen.extend(todo.title for todo in page)
        after = (page[-1].created_at, page[-1].id)
        await store.commit(ann, TodoUpdate(todo_id=page[0].id, changes={"notes": "seen"}))
    assert sorted(seen) == made


async def test_ready_is_what_waits_for_nothing_open(store: Store, person: People) -> None:
    """Blockers that are done, deleted or purged hold nobody up; the lists count the same."""
    ann = await person("ann")
    home = await new_list(store, ann)
    foot = await new_todo(store, ann, home, "foot")
    other = await new_todo(store, ann, home, "other")
    top = await new_todo(store, ann, home, "top", blocked_by=[foot, other])

    async def ready() -> list[str]:
        found = await titles(store, ann, ready=True)
        (overview,) = await store.lists_of(ann.id)
        assert overview.ready == len(found)
        return found

    assert await ready() == ["foot", "other"]
    assert await titles(store, ann, ready=False) == ["top"]
    await store.commit(ann, TodoUpdate(todo_id=foot, changes={"completed": True}))
    assert await ready() == ["other"]
    await store.commit(ann, TodoDelete(todo_id=other))
    assert await ready() == ["top"]
    assert await titles(store, ann, ready=False) == ["foot"]
    await store.commit(ann, TodoUpdate(todo_id=foot, changes={"completed": False}))
    assert await ready() == ["foot"]
    await store.commit(ann, TodoUpdate(todo_id=top, changes={"completed": True}))
    assert await ready() == ["foot"]
