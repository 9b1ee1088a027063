"""However often todos are put into one place, it stays writable, and everybody stays in order."""

from __future__ import annotations

import random
from uuid import UUID, uuid4

import orjson
import pytest

from store.actor import Actor
from store.errors import Conflict
from store.log_id import LogId
from store.store import Store
from store.todo import spread
from store.todo.commands import Command, TodoCreate, TodoDelete, TodoMove, TodoUpdate
from tests.store.making import People, new_list, new_todo
from tests.store.test_fold_property import fold, seen, shape

_MAX = 10


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a place be crowded after fifty moves instead of 1,500."""
    monkeypatch.setattr(spread, "MAX_KEY", _MAX)
    monkeypatch.setattr(spread, "_ENOUGH", _MAX // 2)


async def _whole(store: Store, ann: Actor, list_id: UUID, order: list[UUID]) -> None:
    state = await fold(store, list_id)
    assert seen(await store.snapshot(ann.id, list_id)) == shape(state, trash=False)
    assert seen(await store.trash(ann.id, list_id)) == shape(state, trash=True)
    live = [todo for todo in state.todos.values() if todo.deleted_at is None]
    assert [todo.id for todo in sorted(live, key=lambda todo: todo.position.encode())] == order
    lanes = store._commits._lanes
    warm = None if lanes is None else lanes._warm.get(list_id)
    if lanes is not None:
        assert warm is not None
        assert warm.state.todos == state.todos
        assert warm._positions == sorted(todo.position for todo in state.todos.values())


def _moved(order: list[UUID], todo_id: UUID, after: UUID) -> None:
    order.remove(todo_id)
    order.insert(order.index(after) + 1, todo_id)


async def test_moves_between_two_neighbours_never_end(store: Store, person: People) -> None:
    """One by one: order as asked, keys bounded, the fold is the snapshot, a repeat the answer."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    order = [await new_todo(store, ann, list_id, title) for title in "abcde"]
    gone = await new_todo(store, ann, list_id, "gone", after=str(order[0]))
    await store.commit(ann, TodoDelete(todo_id=gone))
    chosen = random.Random(7)
    spreads = 0
    for number in range(150):
        after = order[0]
        todo_id = chosen.choice(order[2:])
        op = uuid4()
        command: Command = TodoMove(todo_id=todo_id, after=after, op=op)
        if number % 50 == 49:
            command = TodoCreate(list_id=list_id, title="new", after=after, op=op)
        made = await store.commit(ann, command)
        body = orjson.loads(made.body)
        if isinstance(command, TodoCreate):
            order.insert(1, UUID(body["todo"]["id"]))
        else:
            _moved(order, todo_id, after)
        assert body["offset"] == body["todo"]["offset"] == made.entries[-1].offset
        assert len(body["todo"]["position"]) <= _MAX
        if len(made.entries) > 1:
            spreads += 1
            assert {entry.type for entry in made.entries[:-1]} == {"todo.moved"}
            await _whole(store, ann, list_id, order)
            again = await store.commit(ann, command)
            assert (again.replayed, again.body) == (True, made.body)
    assert spreads >= 2
    await _whole(store, ann, list_id, order)


async def test_a_batch_of_moves_goes_on_through_a_crowd(store: Store, person: People) -> None:
    """All or none, and as many as go together: whoever is crowded goes another way, and arrives."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    order = [await new_todo(store, ann, list_id, title) for title in "abcd"]

    def moves(count: int) -> list[Command]:
        made: list[Command] = []
        for _ in range(count):
            made.append(TodoMove(todo_id=order[-1], after=order[0], op=uuid4()))
            _moved(order, order[-1], order[0])
        return made

    for _ in range(2):
        await store.commit_all(ann, moves(60))
        await _whole(store, ann, list_id, order)
    commands = moves(100)
    while commands:
        done = await store.commit_first(ann, commands)
        if not done:
            done = (await store.commit(ann, commands[0]),)
        commands = commands[len(done) :]
    await _whole(store, ann, list_id, order)
    log = await store.read_log(LogId.list(list_id), None, 0, limit=2_000, max_bytes=10**8)
    moved = [
        orjson.loads(entry.data)["position"] for entry in log.entries if entry.type == "todo.moved"
    ]
    assert len(moved) >= 220
    assert max(map(len, moved)) <= _MAX


async def test_a_place_where_nothing_helps_refuses_its_own_command_only(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """409 for what goes there; the rest of the list is as before."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    order = [await new_todo(store, ann, list_id, title) for title in "abcd"]
    monkeypatch.setattr(spread, "_WIDTHS", (0,))

    async def crowd() -> None:
        for _ in range(150):
            await store.commit(ann, TodoMove(todo_id=order[-1], after=order[0]))
            _moved(order, order[-1], order[0])

    with pytest.raises(Conflict, match="one place") as caught:
        await crowd()
    assert caught.value.code == "limit_reached"
    await store.commit(ann, TodoUpdate(todo_id=order[-1], changes={"title": "still here"}))
    await store.commit(ann, TodoMove(todo_id=order[1], after=order[-1]))
    _moved(order, order[1], order[-1])
    await _whole(store, ann, list_id, order)
