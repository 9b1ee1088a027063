"""Folding a list's entries gives exactly its snapshot, whatever happened, on both engines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
from hypothesis import HealthCheck, event, given, settings

from store.actor import Actor
from store.errors import LockstepError, NotFound
from store.log_id import LogId
from store.snapshot import Snapshot
from store.store import Store
from store.todo.commands import ListCreate, MemberSet
from store.todo.model import member_json, todo_json
from store.todo.state import ListState
from tests.store.todo.actions import Action, actions

People = Callable[[str], Awaitable[Actor]]


def shape(state: ListState, *, trash: bool) -> dict[str, Any]:
    """Show a folded state as its snapshot would be."""
    assert state.info is not None
    kept = [todo for todo in state.todos.values() if (todo.deleted_at is not None) is trash]
    kept.sort(key=lambda todo: (todo.position.encode(), str(todo.id)))
    return {
        "list": {
            "id": str(state.info.id),
            "title": state.info.title,
            "description": state.info.description,
        },
        "members": sorted(
            (member_json(member) for member in state.members.values()),
            key=lambda member: str(member["username"]),
        ),
        "todos": [todo_json(todo) for todo in kept],
        "offset": state.offset,
    }


def seen(snapshot: Snapshot) -> dict[str, Any]:
    """Show a snapshot in the same order, without the epoch."""
    made = snapshot.as_json()
    del made["epoch"]
    made["members"].sort(key=lambda member: member["username"])
    return made


def ordered(value: Any) -> Any:
    """Make the order of an object's members count."""
    if isinstance(value, dict):
        return [(name, ordered(member)) for name, member in value.items()]
    return [ordered(member) for member in value] if isinstance(value, list) else value


async def fold(store: Store, list_id: UUID) -> ListState:
    """Replay the whole log of a list."""
    state = ListState()
    log = await store.read_log(LogId.list(list_id), None, 0, limit=1_000, max_bytes=10**8)
    assert [entry.offset for entry in log.entries] == list(range(1, log.head + 1))
    for entry in log.entries:
        data = orjson.loads(entry.data)
        assert data["type"] == entry.type
        assert orjson.loads(entry.with_offset) == {**data, "offset": entry.offset}
        state.apply(data, entry.offset)
    return state


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=actions)
async def test_snapshot_plus_entries_is_the_later_snapshot(
    store: Store, person: People, history: list[Action]
) -> None:
    """After every command the fold of the log, the live todos and the trash agree."""
    cast = await _people(store, person)
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
        except LockstepError as refusal:
            event(f"refused: {refusal.code}")
            continue
        event(f"done: {action.kind}")
        body = orjson.loads(answer.body)
        if action.kind == "create":
            todo_ids.append(UUID(body["todo"]["id"]))
        state = await fold(store, list_id)
        assert body["offset"] == state.offset
        if "todo" in body:
            assert body["todo"] == todo_json(state.todos[UUID(body["todo"]["id"])])
    state = await fold(store, list_id)
    reader = next(iter(state.members.values())).person.id
    assert seen(await store.snapshot(reader, list_id)) == shape(state, trash=False)
    assert seen(await store.trash(reader, list_id)) == shape(state, trash=True)
    for whole, trash in ((store.snapshot, False), (store.trash, True)):
        position, body = await store.encoded(reader, list_id, trash=trash)
        assert position.offset == state.offset
        assert ordered(orjson.loads(body)) == ordered((await whole(reader, list_id)).as_json())
    for actor in cast.values():
        if actor.id not in state.members:
            await _expect_nothing(store, actor, list_id)


async def _people(store: Store, person: People) -> dict[str, Actor]:
    """Make the cast once a database: examples share it."""
    cast: dict[str, Actor] | None = getattr(store, "cast", None)
    if cast is None:
        cast = {name: await person(name) for name in ("ann", "bob", "cyd")}
        store.cast = cast  # type: ignore[attr-defined]  # kept beside the store it belongs to
    return cast


async def _expect_nothing(store: Store, actor: Actor, list_id: UUID) -> None:
    try:
        await store.snapshot(actor.id, list_id)
    except NotFound:
        return
    raise AssertionError("a stranger sees the list")
