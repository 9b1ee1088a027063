"""Those who read logs in the same moment share a statement, and each gets what is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from store.actor import Actor
from store.database import Pool
from store.engines import StoreSettings
from store.entry import LogRead
from store.errors import Unavailable
from store.log_id import LogId
from store.log_read import read_log
from store.log_reader import LogQuery, LogReader
from store.store import Store, open_store
from store.todo.commands import ListCreate, ListDelete, MemberSet, TodoCreate

People = Callable[[str], Awaitable[Actor]]


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that reads in batches."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


async def _new_list(store: Store, owner: Actor, *titles: str) -> LogId:
    made = await store.commit(owner, ListCreate(title="Groceries"))
    list_id = UUID(orjson.loads(made.body)["list"]["id"])
    for title in titles:
        await store.commit(owner, TodoCreate(list_id=list_id, title=title))
    return LogId.list(list_id)


async def _alone(store: Store, query: LogQuery) -> LogRead:
    """Read the way that SQLite does."""

    async def work(connection: AsyncConnection) -> LogRead:
        return await read_log(
            connection,
            query.log,
            query.reader,
            query.since,
            limit=query.limit,
            max_bytes=query.max_bytes,
        )

    return await store.database.transact(Pool.FANOUT, None, work, read_only=True)


def _counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Any]]:
    """Note the arguments of each statement."""
    statements: list[Sequence[Any]] = []
    fetch = store.database.fetch

    async def noted(pool: Pool, statement: str, *arguments: Any) -> list[Any]:
        statements.append(arguments)
        return await fetch(pool, statement, *arguments)

    monkeypatch.setattr(store.database, "fetch", noted)
    return statements


async def test_a_batch_answers_each_query_as_if_it_were_alone(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members and strangers, any position and bound, every kind of log, in one statement."""
    ann, bob, eve = await person("ann"), await person("bob"), await person("eve")
    lists = [
        await _new_list(store, ann, "a", "b" * 180, "c"),
        await _new_list(store, ann),
        await _new_list(store, bob, "d"),
        LogId.list(uuid4()),
    ]
    await store.commit(ann, MemberSet(list_id=lists[0].key, username="bob", role="viewer"))
    deleted = await _new_list(store, ann, "gone")
    await store.commit(ann, ListDelete(list_id=deleted.key))
    logs = [*lists, deleted, LogId.user(ann.id), LogId.user(bob.id), LogId.ALL, LogId.CONTROL]
    queries = [
        LogQuery(log, reader, since, limit, max_bytes)
        for log in logs
        for reader in (None, ann.id, bob.id, eve.id)
        for since, limit, max_bytes in (
            (None, 500, 65_536),
            (0, 500, 65_536),
            (0, 2, 65_536),
            (1, 500, 1),
            (2, 500, 700),
            (99, 500, 65_536),
        )
    ]
    statements = _counted(store, monkeypatch)
    together = await asyncio.gather(
        *(
            store.read_log(
                query.log, query.reader, query.since, limit=query.limit, max_bytes=query.max_bytes
            )
            for query in queries
        )
    )
    assert len(statements) == 1
    monkeypatch.undo()
    for query, read in zip(queries, together, strict=True):
        assert read == await _alone(store, query), query
    assert any(read.entries for read in together)


async def test_what_many_ask_for_is_read_once(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand clients that return to one list cost a few reads of its entries."""
    ann, eve = await person("ann"), await person("eve")
    log = await _new_list(store, ann, "a", "b")
    statements = _counted(store, monkeypatch)
    reads = await asyncio.gather(*(store.read_log(log, ann.id, 2) for _ in range(1_000)))
    limits = [limit for arguments in statements for limit in arguments[4]]
    assert len(limits) == 1_000
    assert sum(limit > 0 for limit in limits) == len(statements) <= 5
    assert {len(read.entries) for read in reads} == {2}
    mine, theirs = await asyncio.gather(
        store.read_log(log, ann.id, 2), store.read_log(log, eve.id, 2)
    )
    assert (len(mine.entries), theirs.role, theirs.entries) == (2, None, ())


async def test_a_batch_is_bounded_in_bytes(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large parts of different logs go in statements of their own."""
    ann = await person("ann")
    logs = [await _new_list(store, ann, "a") for _ in range(3)]
    statements = _counted(store, monkeypatch)
    reads = await asyncio.gather(
        *(store.read_log(log, None, 0, max_bytes=5 * 2**20) for log in logs)
    )
    assert [len(arguments[0]) for arguments in statements] == [1, 1, 1]
    assert [len(read.entries) for read in reads] == [3, 3, 3]


async def test_who_stops_waiting_takes_nothing_from_the_others(
    store: Store, person: People
) -> None:
    """Before and while the statement runs."""
    ann = await person("ann")
    log = await _new_list(store, ann, "a")
    reader = LogReader(store.database)
    query = LogQuery(log, ann.id, 0, 500, 65_536)
    early, late, staying = (asyncio.create_task(reader.read(query)) for _ in range(3))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.sleep(0)
    late.cancel()
    assert len((await staying).entries) == 3
    assert early.cancelled()
    await reader.aclose()


async def test_everybody_learns_that_the_database_is_away(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next question is asked anew."""
    ann = await person("ann")
    log = await _new_list(store, ann, "a")

    async def away(*_: object) -> list[Any]:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(store.database, "fetch", away)
        refused = await asyncio.gather(
            *(store.read_log(log, ann.id, 0) for _ in range(3)), return_exceptions=True
        )
    assert [type(refusal) for refusal in refused] == [Unavailable] * 3
    assert len((await store.read_log(log, ann.id, 0)).entries) == 3


async def test_the_heads_of_many_thousand_logs_are_looked_up_at_once(
    store: Store, person: People
) -> None:
    """A replica whose sockets follow 20,000 logs hears of those that exist."""
    ann = await person("ann")
    first, second = await _new_list(store, ann, "milk"), await _new_list(store, ann)
    asked = [LogId.user(uuid4()) for _ in range(20_000)] + [first, second]
    heads = await store.heads(asked)
    assert heads == {
        first: (await _alone(store, LogQuery(first, None, None, 0, 0))).head,
        second: (await _alone(store, LogQuery(second, None, None, 0, 0))).head,
    }
