"""What is refused from memory is refused for good, and costs no more than a question."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store import engines
from store.actor import Actor
from store.append import lock_head
from store.committed import Committed
from store.database import Pool
from store.engines import StoreSettings
from store.entry import Position
from store.errors import Conflict, NotFound, OpReused
from store.log_id import LogId
from store.ops import remember
from store.refusals import Refusals
from store.store import Store, open_store
from store.todo.commands import Command, TodoBlock, TodoCreate, TodoDelete, TodoUnblock, TodoUpdate
from tests.store.making import People, all_of, gapless, new_list, new_todo, warm_list


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that decides from memory."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


async def _mistaken(*_: object) -> None:
    raise ArithmeticError


def take_the_longer_way_away(store: Store, patch: pytest.MonkeyPatch) -> None:
    """Make every command fail that is carried out in a transaction of its own."""
    assert store._commits._lanes is not None
    patch.setattr(store._commits._lanes, "_single", _mistaken)


async def a_circle(store: Store, owner: Actor) -> tuple[UUID, TodoBlock]:
    """Make a warm list; give its id and a command that would close a circle."""
    list_id = await warm_list(store, owner)
    one, other = [await new_todo(store, owner, list_id) for _ in range(2)]
    await store.commit(owner, TodoBlock(todo_id=one, by=other))
    return list_id, TodoBlock(todo_id=other, by=one, op=uuid4())


@pytest.mark.parametrize("named", [True, False])
async def test_a_refusal_of_a_warm_list_needs_no_transaction_of_its_own(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    """Alone or beside others that are written, with an operation id or without."""
    ann = await person("ann")
    list_id, closing = await a_circle(store, ann)
    refused = closing if named else closing.model_copy(update={"op": None})
    good = TodoCreate(list_id=list_id, title="good")
    with monkeypatch.context() as patch:
        take_the_longer_way_away(store, patch)
        with pytest.raises(Conflict, match="circle"):
            await store.commit(ann, refused)
        outcomes = await all_of(store, ann, [refused, good, refused])
    assert [getattr(outcome, "status", None) for outcome in outcomes] == [409, 201, 409]
    await gapless(store, list_id)


async def test_what_was_done_before_is_answered_as_before(store: Store, person: People) -> None:
    """Though the list would refuse it now; and its id serves no other command."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    todo_id = await new_todo(store, ann, list_id)
    change = TodoUpdate(todo_id=todo_id, changes={"title": "milk"}, op=uuid4())
    first = await store.commit(ann, change)
    await store.commit(ann, TodoDelete(todo_id=todo_id))
    again = await store.commit(ann, change)
    assert (again.body, again.replayed) == (first.body, True)
    with pytest.raises(OpReused):
        await store.commit(ann, TodoUpdate(todo_id=todo_id, changes={"title": "x"}, op=change.op))


async def test_what_another_replica_changed_is_looked_at_before_anything_is_refused(
    store: Store, person: People, postgresql_url: str
) -> None:
    """The circle was opened elsewhere, and nobody has told this replica."""
    ann = await person("ann")
    list_id, closing = await a_circle(store, ann)
    other = await open_store(StoreSettings(postgresql_url))
    await other.commit(ann, TodoUnblock(todo_id=closing.by, by=closing.todo_id))
    await other.aclose()
    made = await store.commit(ann, closing)
    assert made.status == 200
    await gapless(store, list_id)


async def test_a_command_sent_again_waits_for_its_first_try_elsewhere(
    store: Store, person: People, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another transaction writes to the list nothing is refused: it may be the same command.

    Here it is: it remembers the operation id, and then lets go of the list.
    """
    ann = await person("ann")
    list_id, closing = await a_circle(store, ann)
    for limit in ("lock_timeout", "statement_timeout"):  # a busy machine takes its time
        monkeypatch.setitem(engines._SERVER_LIMITS, limit, "60000")
    patient = await open_store(StoreSettings(postgresql_url, deadline_s=60.0))
    refusals = Refusals(patient.database)
    asked: list[asyncio.Task[int | None]] = []

    async def write(connection: AsyncConnection) -> None:
        await lock_head(connection, LogId.list(list_id))
        asked.append(asyncio.create_task(refusals.head_for(list_id, ann.id, closing.op)))
        while not await connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            assert not asked[0].done()
        await remember(connection, ann.id, closing, LogId.list(list_id), made)

    made = Committed(200, b"{}", Position(store.epoch, 1), ())
    await patient.database.transact(Pool.APP, ann.id, write)
    assert await asked[0] is None
    await refusals.aclose()
    await patient.aclose()


async def test_each_is_told_of_their_own_lists_and_operation_ids_alone(
    store: Store, person: People
) -> None:
    """Asked in one statement, each is judged in the name of who asks."""
    ann, eve = await person("ann"), await person("eve")
    mine, theirs = await new_list(store, ann), await new_list(store, eve)
    op = uuid4()
    await store.commit(ann, TodoCreate(list_id=mine, title="milk", op=op))
    refusals = Refusals(store.database)
    heads = await asyncio.gather(
        refusals.head_for(mine, ann.id, None),
        refusals.head_for(theirs, ann.id, None),
        refusals.head_for(theirs, eve.id, op),
        refusals.head_for(mine, eve.id, None),
        refusals.head_for(mine, ann.id, op),
        refusals.head_for(mine, ann.id, uuid4()),
        refusals.head_for(uuid4(), ann.id, None),
    )
    assert heads == [3, None, 2, None, None, 3, None]
    await refusals.aclose()


async def test_a_mistake_while_asking_is_told_to_all_who_wait(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left waiting, and the list goes on."""
    ann = await person("ann")
    list_id, closing = await a_circle(store, ann)
    missing = TodoUpdate(todo_id=closing.todo_id, changes={"title": "x"})
    await store.commit(ann, TodoDelete(todo_id=closing.todo_id))
    commands: list[Command] = [missing, missing]
    with monkeypatch.context() as patch:
        assert store._commits._lanes is not None
        patch.setattr(store._commits._lanes._refusals, "head_for", _mistaken)
        outcomes = await all_of(store, ann, commands)
    assert [type(outcome) for outcome in outcomes] == [ArithmeticError] * 2
    with pytest.raises(Conflict):
        await store.commit(ann, missing)
    with pytest.raises(NotFound):
        await store.commit(ann, TodoUpdate(todo_id=uuid4(), changes={"title": "x"}))
    await gapless(store, list_id)
