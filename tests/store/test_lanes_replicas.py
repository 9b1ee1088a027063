"""A list that several replicas write to is the same on each, and decided by what is true now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import orjson
import pytest

from store.committed import Committed
from store.engines import StoreSettings
from store.errors import NotFound
from store.store import Store, open_store
from store.todo.commands import ListDelete, MemberRemove, MemberSet, TodoCreate, TodoUpdate
from tests.store.making import People, gapless, warm_list


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that has lanes."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


async def test_two_replicas_writing_to_one_list_leave_it_gapless(
    store: Store, person: People, postgresql_url: str
) -> None:
    """Each finds that the list moved on under it, takes in what the other wrote, and goes on."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    other = await open_store(StoreSettings(postgresql_url))
    try:
        head = await gapless(store, list_id)

        async def write(replica: Store, number: int) -> Committed:
            return await replica.commit(
                ann, TodoCreate(list_id=list_id, title=f"todo {number}", op=uuid4())
            )

        answers = await asyncio.gather(
            *(write((store, other)[number % 2], number) for number in range(100))
        )
        assert sorted(answer.position.offset for answer in answers) == list(
            range(head + 1, head + 101)
        )
        positions = [todo.position for todo in (await store.snapshot(ann.id, list_id)).todos]
        assert positions == sorted(set(positions), key=str.encode)
    finally:
        await other.aclose()


async def test_what_another_replica_wrote_and_told_of_needs_no_further_read(
    store: Store, person: People, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next write goes through at once, an entry out of turn is let go, nothing is missed."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    other = await open_store(StoreSettings(postgresql_url))
    try:
        for title in ("d", "e"):
            told = await other.commit(ann, TodoCreate(list_id=list_id, title=title))
            for entry in (*told.entries, *told.entries):
                store.learn(entry)
        with monkeypatch.context() as patched:
            patched.setattr("store.log_reader.LogReader.read", _mistaken)
            await store.commit(ann, TodoCreate(list_id=list_id, title="f"))

        await other.commit(ann, TodoCreate(list_id=list_id, title="untold"))
        late = await other.commit(ann, TodoCreate(list_id=list_id, title="told"))
        store.learn(late.entries[0])
    finally:
        await other.aclose()
    await store.commit(ann, TodoCreate(list_id=list_id, title="g"))
    titles = [todo.title for todo in (await store.snapshot(ann.id, list_id)).todos]
    assert titles == ["a", "b", "c", "d", "e", "f", "untold", "told", "g"]
    assert await gapless(store, list_id) == len(titles) + 2


async def test_nothing_is_refused_for_want_of_what_another_replica_wrote(
    store: Store, person: People, postgresql_url: str
) -> None:
    """Nor is a new todo missing, nor a new editor a viewer, though nobody told this replica."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await warm_list(store, ann)
    await store.commit(ann, MemberSet(list_id=list_id, username="bob", role="viewer"))
    other = await open_store(StoreSettings(postgresql_url))
    made = await other.commit(ann, TodoCreate(list_id=list_id, title="new"))
    await other.commit(ann, MemberSet(list_id=list_id, username="bob", role="editor"))
    await other.aclose()
    todo_id = UUID(orjson.loads(made.body)["todo"]["id"])
    for actor in (ann, bob):
        changes = {"title": f"seen by {actor.username}"}
        answer = await store.commit(
            actor, TodoUpdate.model_validate({"todo_id": todo_id, "changes": changes})
        )
        assert orjson.loads(answer.body)["todo"]["title"] == changes["title"]
    assert await gapless(store, list_id)


async def test_a_list_that_another_replica_deleted_is_forgotten(
    store: Store, person: People, postgresql_url: str
) -> None:
    """Being told is as good as finding out."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    other = await open_store(StoreSettings(postgresql_url))
    deleted = await other.commit(ann, ListDelete(list_id=list_id))
    await other.aclose()
    for entry in deleted.entries:
        store.learn(entry)
    assert store._commits._lanes is not None
    assert store._commits._lanes._warm.get(list_id) is None
    with pytest.raises(NotFound):
        await store.commit(ann, TodoCreate(list_id=list_id, title="too late"))


async def test_a_mistake_while_catching_up_is_told_at_once(
    store: Store, person: People, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits learns of it, and the list, loaded anew, goes on."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    other = await open_store(StoreSettings(postgresql_url))
    await other.commit(ann, TodoCreate(list_id=list_id, title="elsewhere"))
    await other.aclose()
    with monkeypatch.context() as patched:
        patched.setattr("store.log_reader.LogReader.read", _mistaken)
        async with asyncio.timeout(4):
            with pytest.raises(ArithmeticError):
                await store.commit(ann, TodoCreate(list_id=list_id, title="here"))
    await store.commit(ann, TodoCreate(list_id=list_id, title="here"))
    assert await gapless(store, list_id) == 7


async def _mistaken(*_: object, **__: object) -> None:
    raise ArithmeticError


async def test_a_member_removed_by_another_replica_can_no_longer_write(
    store: Store, person: People, postgresql_url: str
) -> None:
    """A warm list never outlives its offset: the removal moved the head."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await warm_list(store, ann)
    await store.commit(ann, MemberSet(list_id=list_id, username="bob", role="editor"))
    await store.commit(bob, TodoCreate(list_id=list_id, title="bob was here"))
    other = await open_store(StoreSettings(postgresql_url))
    await other.commit(ann, MemberRemove(list_id=list_id, username="bob"))
    await other.aclose()
    with pytest.raises(NotFound):
        await store.commit(bob, TodoCreate(list_id=list_id, title="bob is gone"))
