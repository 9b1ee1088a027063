"""Nobody waits for what was purged, whatever happened before, and whoever takes its id again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import orjson
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from store.actor import Actor
from store.errors import LockstepError
from store.graph.apply import apply
from store.graph.fold import fold as fold_graph
from store.graph.source import GraphSource
from store.log_id import LogId
from store.store import Store
from store.todo.commands import (
    Command,
    TodoBlock,
    TodoCreate,
    TodoDelete,
    TodoRestore,
    TodoUnblock,
)
from store.todo.dependency import shortest_way
from store.todo.state import ListState
from tests.store.making import People, new_list, new_todo
from tests.store.test_fold_property import fold, seen, shape

IDS = 3
AT_ONCE = timedelta(seconds=-1)


@dataclass(frozen=True)
class Step:
    """Do something with the todo of one number, and with another."""

    kind: str
    one: int
    other: int


steps = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(
            ("create", "wait", "block", "block", "unblock", "delete", "delete", "restore", "purge")
        ),
        one=st.integers(0, IDS - 1),
        other=st.integers(0, IDS - 1),
    ),
    min_size=6,
    max_size=30,
)


def command(step: Step, list_id: UUID, ids: list[UUID]) -> Command:
    """Make the command that a step stands for."""
    one, other = ids[step.one], ids[step.other]
    match step.kind:
        case "create":
            return TodoCreate(list_id=list_id, id=one, title="milk")
        case "wait":
            return TodoCreate(list_id=list_id, id=one, title="bread", blocked_by=[other])
        case "block":
            return TodoBlock(todo_id=one, by=other)
        case "unblock":
            return TodoUnblock(todo_id=one, by=other)
        case "delete":
            return TodoDelete(todo_id=one)
    return TodoRestore(todo_id=one)


def check(state: ListState) -> None:
    """Every name among the dependencies is of a todo that exists, and none closes a circle."""
    waits_for = {todo.id: todo.blocked_by for todo in state.todos.values()}
    for todo_id, others in waits_for.items():
        assert set(others) <= waits_for.keys()
        assert not shortest_way(waits_for, todo_id, todo_id)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps)
async def test_what_is_gone_is_named_by_nobody(
    store: Store, person: People, history: list[Step]
) -> None:
    """After every step; and the fold, the rows and the graph's fold agree to the end."""
    ann: Actor | None = getattr(store, "ann", None)
    if ann is None:  # examples share the database
        ann = await person("ann")
        store.ann = ann  # type: ignore[attr-defined]  # kept beside the store she belongs to
    list_id = await new_list(store, ann)
    ids = [uuid4() for _ in range(IDS)]
    for one in ids:
        await new_todo(store, ann, list_id, id=one)
    for step in history:
        try:
            if step.kind == "purge":
                made = await store.empty_trash(AT_ONCE)
                event(" then ".join(dict.fromkeys(entry.type for entry in made)) or "no trash")
            else:
                await store.commit(ann, command(step, list_id, ids))
        except LockstepError as refusal:
            event(f"refused: {refusal.code}")
            continue
        check(await fold(store, list_id))
    while await store.empty_trash(AT_ONCE):
        pass
    state = await fold(store, list_id)
    check(state)
    assert not any(todo.deleted_at for todo in state.todos.values())
    assert seen(await store.snapshot(ann.id, list_id)) == shape(state, trash=False)
    log = await store.read_log(LogId.list(list_id), None, 0, limit=1_000, max_bytes=10**8)
    whole = apply(None, fold_graph(list_id, 0, log.entries))
    assert whole == await GraphSource(store).whole(list_id)
    assert {one.id: set(one.blocked_by) for one in whole.todos.values()} == {
        todo.id: set(todo.blocked_by) for todo in state.todos.values()
    }
    assert all(orjson.loads(entry.data)["type"] == entry.type for entry in log.entries)
