"""Commands of one list that wait together are written together, and each stands alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select

from store.actor import Actor
from store.committed import Committed
from store.database import Pool
from store.engines import StoreSettings
from store.errors import Conflict, LockstepError, NotFound, OpReused, Unavailable
from store.list_load import load_view
from store.log_id import LogId
from store.store import Store, open_store
from store.tables import todos
from store.todo.commands import (
    Command,
    ListCreate,
    ListDelete,
    MemberRemove,
    MemberSet,
    TodoCreate,
    TodoDelete,
    TodoUpdate,
)
from store.todo.model import todo_json
from store.todo.view import needs_of
from store.todo_rows import todo_from_row
from store.warm_load import WarmLoader
from tests.store.todo.actions import PEOPLE, Action, actions

People = Callable[[str], Awaitable[Actor]]


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that has lanes."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


async def warm_list(store: Store, owner: Actor) -> UUID:
    """Make a list and write to it until it is warm."""
    made = await store.commit(owner, ListCreate(title="Groceries"))
    list_id = UUID(orjson.loads(made.body)["list"]["id"])
    for title in ("a", "b", "c"):
        await store.commit(owner, TodoCreate(list_id=list_id, title=title))
    assert store._lanes is not None
    assert store._lanes._warm.get(list_id) is not None
    return list_id


async def all_of(
    store: Store, actor: Actor, commands: list[Command]
) -> list[Committed | BaseException]:
    """Send commands at the same moment."""
    return await asyncio.gather(
        *(store.commit(actor, command) for command in commands), return_exceptions=True
    )


async def gapless(store: Store, list_id: UUID) -> int:
    """Check that the log is 1..head and every todo's offset is that of its last entry."""
    log = await store.read_log(LogId.list(list_id), None, 0, limit=10_000, max_bytes=10**8)
    assert [entry.offset for entry in log.entries] == list(range(1, log.head + 1))
    return log.head


async def test_a_refused_command_leaves_the_others_alone(store: Store, person: People) -> None:
    """In one group: good ones are written with offsets in a row, bad ones get their own refusal."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    head = await gapless(store, list_id)
    good: list[Command] = [
        TodoCreate(list_id=list_id, title=f"todo {number}", op=uuid4()) for number in range(6)
    ]
    bad = TodoUpdate(todo_id=uuid4(), changes={"title": "x"})
    missing = TodoCreate(list_id=list_id, title="x", after=uuid4(), op=uuid4())
    outcomes = await all_of(store, ann, [*good[:3], missing, bad, *good[3:]])
    assert isinstance(outcomes[3], NotFound)
    assert isinstance(outcomes[4], NotFound)
    offsets = [outcome.position.offset for outcome in outcomes if isinstance(outcome, Committed)]
    assert sorted(offsets) == list(range(head + 1, head + 7))
    assert await gapless(store, list_id) == head + 6


async def test_one_operation_id_twice_in_a_group_takes_effect_once(
    store: Store, person: People
) -> None:
    """The database refuses the group, each is tried alone, and the second gets the first answer."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    op = uuid4()
    twin = TodoCreate(list_id=list_id, title="twin", op=op)
    other = TodoCreate(list_id=list_id, title="other", op=uuid4())
    liar = TodoCreate(list_id=list_id, title="liar", op=op)
    outcomes = await all_of(store, ann, [twin, other, twin, liar])
    first, _, again, refused = outcomes
    assert isinstance(first, Committed)
    assert isinstance(again, Committed)
    assert first.body == again.body
    assert [first.replayed, again.replayed].count(True) == 1
    assert isinstance(refused, OpReused)
    titles = [todo.title for todo in (await store.snapshot(ann.id, list_id)).todos]
    assert sorted(titles) == ["a", "b", "c", "other", "twin"]


async def test_a_repeat_is_answered_as_before_even_if_it_would_now_be_refused(
    store: Store, person: People
) -> None:
    """The first answer stands, whatever became of the todo since."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    todo_id = (await store.snapshot(ann.id, list_id)).todos[0].id
    change = TodoUpdate(todo_id=todo_id, changes={"title": "milk"}, op=uuid4())
    first = await store.commit(ann, change)
    await store.commit(ann, TodoDelete(todo_id=todo_id))
    with pytest.raises(Conflict):
        await store.commit(ann, change.model_copy(update={"op": uuid4()}))
    again = await store.commit(ann, change)
    assert (again.body, again.replayed) == (first.body, True)


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
    assert store._lanes is not None
    assert store._lanes._warm.get(list_id) is None
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


async def test_commands_that_waited_too_long_leave_nothing_behind(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen database while the list is warmed: refused in time, and the lane ends in order."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    lanes = store._lanes
    assert lanes is not None
    lanes._warm.drop(list_id)
    thawed = asyncio.Event()

    async def frozen(*_: object) -> None:
        await thawed.wait()

    with monkeypatch.context() as patch:
        patch.setattr(lanes, "_warmed", frozen)
        patch.setattr(lanes, "_deadline_s", 0.05)
        refused = await all_of(
            store, ann, [TodoCreate(list_id=list_id, title=title) for title in ("d", "e")]
        )
        (draining,) = lanes._tasks
        thawed.set()
        await draining

    assert [type(refusal) for refusal in refused] == [Unavailable, Unavailable]
    before = await gapless(store, list_id)
    made = await store.commit(ann, TodoCreate(list_id=list_id, title="f"))
    assert made.position.offset == before + 1


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


async def test_cancelled_callers_lose_nothing_and_double_nothing(
    store: Store, person: People
) -> None:
    """Whoever stops waiting finds the change done exactly once by its operation id."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    commands = [
        TodoCreate(list_id=list_id, title=f"todo {number}", op=uuid4()) for number in range(60)
    ]

    async def send(number: int) -> None:
        task = asyncio.create_task(store.commit(ann, commands[number]))
        for _ in range(number % 9):
            await asyncio.sleep(0)
        if number % 2:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await asyncio.gather(*(send(number) for number in range(60)))
    for command in commands:
        await store.commit(ann, command)
    todos = (await store.snapshot(ann.id, list_id)).todos
    assert sorted(todo.title for todo in todos if " " in todo.title) == sorted(
        command.title for command in commands
    )
    await gapless(store, list_id)


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
    assert store._lanes is not None
    warm = store._lanes._warm.get(list_id)
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
            "chain",
        ):
            if name.endswith("_count") and not needs_of(command).counts:
                continue
            assert getattr(from_memory, name) == getattr(from_rows, name), name
        assert dict(from_memory.people) == known
