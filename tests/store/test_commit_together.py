"""All of several commands take effect, or none does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from store import engines
from store.append import lock_head
from store.commit_together import CommandRefusedError
from store.committed import Committed
from store.database import Pool
from store.engines import StoreSettings
from store.errors import Invalid, NotFound
from store.log_id import LogId
from store.store import Store, open_store
from store.tables import logs
from store.todo.commands import (
    ListCreate,
    ListDelete,
    MemberRemove,
    MemberSet,
    TodoCreate,
    TodoUpdate,
)
from tests.store.making import People, make_person, new_list, new_todo

_WAITING = text(
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE NOT granted AND datname = current_database()"
)


async def test_commands_of_one_list_get_offsets_in_a_row(store: Store, person: People) -> None:
    """A later command may be about what an earlier one made; a repeat gives the same answers."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    todo_id = uuid4()
    commands = [
        TodoCreate(list_id=list_id, id=todo_id, title="milk", op=uuid4()),
        TodoUpdate(todo_id=todo_id, changes={"completed": True}, op=uuid4()),
    ]
    made = await store.commit_all(ann, commands)
    assert [answer.position.offset for answer in made] == [3, 4]
    again = await store.commit_all(ann, commands)
    assert [answer.body for answer in again] == [answer.body for answer in made]
    assert all(answer.replayed for answer in again)


async def test_one_refusal_undoes_all(store: Store, person: People) -> None:
    """The refusal names the command; the list stays as it was."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    with pytest.raises(CommandRefusedError) as refused:
        await store.commit_all(
            ann,
            [
                TodoCreate(list_id=list_id, title="milk"),
                TodoUpdate(todo_id=uuid4(), changes={"title": "x"}),
            ],
        )
    assert refused.value.index == 1
    assert isinstance(refused.value.refusal, NotFound)
    snapshot = await store.snapshot(ann.id, list_id)
    assert (snapshot.todos, snapshot.position.offset) == ((), 2)


async def test_commands_of_two_lists_are_not_all_or_none(store: Store, person: People) -> None:
    """Nor are those that belong to no list yet."""
    ann = await person("ann")
    first, second = await new_list(store, ann), await new_list(store, ann)
    todo_id = await new_todo(store, ann, second)
    for other in (TodoUpdate(todo_id=todo_id, changes={"title": "x"}), ListCreate(title="third")):
        with pytest.raises(CommandRefusedError) as refused:
            await store.commit_all(ann, [TodoCreate(list_id=first, title="milk"), other])
        assert isinstance(refused.value.refusal, Invalid)
    assert (await store.snapshot(ann.id, first)).todos == ()


async def test_a_batch_about_members_tells_each_of_them(store: Store, person: People) -> None:
    """Inboxes get what the commands say, in their order, whether the list is new or known."""
    ann, bob, cyd = await person("ann"), await person("bob"), await person("cyd")
    list_id = uuid4()
    made = await store.commit_all(
        ann,
        [
            ListCreate(id=list_id, title="Groceries"),
            MemberSet(list_id=list_id, username="cyd", role="editor"),
            MemberSet(list_id=list_id, username="Bob", role="editor"),
            MemberRemove(list_id=list_id, username="cyd"),
        ],
    )
    assert [one.position.offset for one in made] == [2, 3, 4, 5]
    await store.commit_all(
        ann,
        [
            MemberSet(list_id=list_id, username="cyd", role="viewer"),
            ListDelete(list_id=list_id),
        ],
    )
    for who, times in ((ann, 1), (bob, 1), (cyd, 2)):
        log = await store.read_log(LogId.user(who.id), who.id, 0)
        assert [entry.type for entry in log.entries] == ["list.joined", "list.left"] * times


async def test_a_batch_locks_inboxes_in_the_order_of_their_ids(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order of its commands: while it waits for the first it holds none behind it."""
    for limit in ("lock_timeout", "statement_timeout"):  # a busy machine takes its time
        monkeypatch.setitem(engines._SERVER_LIMITS, limit, "60000")
    store = await open_store(StoreSettings(postgresql_url, deadline_s=60.0))
    ann = await make_person(store, "ann")
    people = [await make_person(store, name) for name in ("bob", "cyd")]
    first, last = sorted(people, key=lambda one: one.id)
    await new_list(store, first, last)  # each sees the other's inbox
    list_id = await new_list(store, ann)
    batch: list[asyncio.Task[Sequence[Committed]]] = []

    async def hold(connection: AsyncConnection) -> bool:
        await lock_head(connection, LogId.user(first.id))
        commands = [
            MemberSet(list_id=list_id, username=one.username, role="viewer")
            for one in (last, first)
        ]
        batch.append(asyncio.create_task(store.commit_all(ann, commands)))
        while not await connection.scalar(_WAITING):
            assert not batch[0].done()
        query = select(logs.c.head).where(
            logs.c.kind == LogId.user(last.id).kind, logs.c.log_id == last.id
        )
        return await connection.scalar(query.with_for_update(skip_locked=True)) is not None

    assert await store.database.transact(Pool.APP, first.id, hold)
    assert len(await batch[0]) == 2
    await store.aclose()
