"""Commands of one list that wait together are written together, and each stands alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from uuid import uuid4

import pytest

from store.committed import Committed
from store.engines import StoreSettings
from store.errors import Conflict, Invalid, NotFound, OpReused, Unavailable
from store.store import Store, open_store
from store.todo.commands import Command, TodoBlock, TodoCreate, TodoDelete, TodoUpdate
from tests.store.making import People, all_of, gapless, new_todo, warm_list


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that has lanes."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


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
    assert isinstance(outcomes[3], Invalid)
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


async def test_commands_that_waited_too_long_leave_nothing_behind(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen database while the list is warmed: refused in time, and the lane ends in order."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    lanes = store._commits._lanes
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


async def test_others_have_their_turn_between_decisions_that_look_at_many_todos(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of dependencies whose circles must be looked for does not hold the loop."""
    ann = await person("ann")
    list_id = await warm_list(store, ann)
    chain = [await new_todo(store, ann, list_id) for _ in range(24)]
    for one, other in pairwise(chain):
        await store.commit(ann, TodoBlock(todo_id=one, by=other))
    lanes = store._commits._lanes
    assert lanes is not None
    warm = lanes._warm.get(list_id)
    assert warm is not None
    monkeypatch.setattr("store.group_commit._FAR", 8)
    seen, done = [warm.looked_at], False

    async def look_at_every_turn() -> None:
        while not done:
            await asyncio.sleep(0)
            seen.append(warm.looked_at)

    looking = asyncio.create_task(look_at_every_turn())
    shortcuts: list[Command] = [TodoBlock(todo_id=chain[10], by=chain[n]) for n in range(12, 18)]
    made = await store.commit_all(ann, shortcuts)
    done = True
    await looking
    assert [committed.status for committed in made] == [200] * 6
    assert seen[-1] - seen[0] > 3 * (8 + 24), "too little was looked at"
    # One decision, of all the chain at the very most, may begin just below the bound.
    assert max(after - before for before, after in pairwise(seen)) < 8 + 24
