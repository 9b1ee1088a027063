"""What is decided from memory is what would be decided from the rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select

from store.actor import Actor
from store.database import Pool
from store.engines import StoreSettings
from store.errors import LockstepError
from store.list_load import load_view
from store.store import Store, open_store
from store.tables import todos
from store.todo.commands import Command, ListCreate, MemberSet
from store.todo.model import todo_json
from store.todo.view import needs_of
from store.todo_rows import todo_from_row
from store.warm_load import WarmLoader
from tests.store.making import People
from tests.store.todo.actions import PEOPLE, Action, actions


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that has lanes."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=actions)
async def test_a_warm_list_shows_every_command_what_the_rows_show(
    store: Store, person: People, history: list[Action]
) -> None:
    """After any history, the view from memory equals the view from the database."""
    cast: dict[str, Actor] | None = getattr(store, "cast", None)
    if cast is None:
        cast = {name: await person(name) for name in PEOPLE}
        store.cast = cast  # type: ignore[attr-defined]  # kept beside the store it belongs to
    ann = cast["ann"]
    made = await store.commit(ann, ListCreate(title="Groceries"))
    list_id = UUID(orjson.loads(made.body)["list"]["id"])
    await store.commit(ann, MemberSet(list_id=list_id, username="bob", role="editor"))
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
    assert store._commits._lanes is not None
    warm = store._commits._lanes._warm.get(list_id)
    if warm is None:
        return
    loader = WarmLoader(store.database)
    for action in history:
        command = action.command(list_id, todo_ids)
        if command is None or action.kind in {"share", "remove"}:
            continue
        actor = cast[action.actor].id

        async def work(
            connection: Any, command: Command = command, actor: UUID = actor
        ) -> tuple[Any, Any]:
            view = await load_view(connection, list_id, actor, warm.offset, needs_of(command))
            query = select(todos).where(todos.c.list_id == list_id)
            rows = await connection.execute(query)
            return view, {row.id: todo_from_row(row) for row in rows}

        from_rows, kept = await store.database.transact(Pool.APP, actor, work)
        fresh = await loader.load(list_id, actor, whole=False)
        from_memory = warm.view(command, actor)
        if from_rows is None or from_memory is None:
            assert from_rows is from_memory
            assert fresh is None
            continue
        assert fresh is not None
        assert fresh.state == warm.state
        assert fresh.state.todos == kept
        # Equal moments may still be spelled differently in another zone.
        assert [*map(todo_json, fresh.state.todos.values())] == [
            *map(todo_json, map(kept.__getitem__, fresh.state.todos))
        ]
        known = {
            name: person
            for name, person in from_rows.people.items()
            if person.id in from_rows.members
        }
        for name in (
            "head",
            "info",
            "role",
            "todos",
            "members",
            "live_count",
            "member_count",
            "owner_count",
            "gap",
        ):
            if name.endswith("_count") and not needs_of(command).counts:
                continue
            assert getattr(from_memory, name) == getattr(from_rows, name), name
        assert len(from_memory.chain) == len(from_rows.chain)  # of several any one will do
        assert dict(from_memory.people) == known
