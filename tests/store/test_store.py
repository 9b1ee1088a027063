"""The store's promises, over both engines."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import orjson
import pytest

from store.entry import Position
from store.errors import Conflict, Forbidden, Invalid, NotFound, OpReused, Stale
from store.log_id import LogId
from store.store import Store
from store.todo.commands import (
    ListCreate,
    ListDelete,
    ListUpdate,
    MemberRemove,
    MemberSet,
    MessageSend,
    TodoBlock,
    TodoCreate,
    TodoDelete,
    TodoMove,
    TodoRestore,
    TodoUpdate,
)
from tests.store.making import People, new_list, new_todo


async def test_a_new_list_has_two_entries_and_one_in_the_owners_inbox(
    store: Store, person: People
) -> None:
    """The list and its owner are the first two entries of the list's own log."""
    ann = await person("ann")
    made = await store.commit(ann, ListCreate(title="Groceries"))
    assert made.status == 201
    assert [(entry.type, entry.offset) for entry in made.entries] == [
        ("list.created", 1),
        ("member.added", 2),
        ("list.joined", 1),
    ]
    assert orjson.loads(made.body)["offset"] == 2


async def test_a_repeated_operation_id_gives_the_first_answer_again(
    store: Store, person: People
) -> None:
    """A retry is answered from the record and changes nothing; another body is refused."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    op = uuid4()
    first = await store.commit(ann, TodoCreate(list_id=list_id, title="milk", op=op))
    again = await store.commit(ann, TodoCreate(list_id=list_id, title="milk", op=op))
    assert (again.status, again.body, again.replayed) == (201, first.body, True)
    assert again.entries == ()
    with pytest.raises(OpReused):
        await store.commit(ann, TodoCreate(list_id=list_id, title="oat milk", op=op))
    assert len((await store.snapshot(ann.id, list_id)).todos) == 1


async def test_concurrent_repeats_of_one_operation_take_effect_once(
    store: Store, person: People
) -> None:
    """Eight copies of one command sent at once make one list, and all get the same answer."""
    ann = await person("ann")
    command = ListCreate(title="Groceries", op=uuid4())
    answers = await asyncio.gather(*(store.commit(ann, command) for _ in range(8)))
    assert len({answer.body for answer in answers}) == 1
    assert len(await store.lists_of(ann.id)) == 1


async def test_a_repeated_create_with_a_chosen_id_is_the_same_create(
    store: Store, person: People
) -> None:
    """Without an operation id, the chosen id alone makes the repeat harmless."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    todo_id = uuid4()
    await store.commit(ann, TodoCreate(list_id=list_id, id=todo_id, title="milk"))
    again = await store.commit(ann, TodoCreate(list_id=list_id, id=todo_id, title="milk"))
    assert (again.status, again.entries) == (200, ())


async def test_an_id_that_belongs_to_others_is_refused_without_a_change(
    store: Store, person: People
) -> None:
    """Another's todo id cannot be taken over, and the other's todo stays."""
    ann, bob = await person("ann"), await person("bob")
    theirs = await new_list(store, ann)
    todo_id = await new_todo(store, ann, theirs)
    mine = await new_list(store, bob)
    with pytest.raises(Conflict) as refused:
        await store.commit(bob, TodoCreate(list_id=mine, id=todo_id, title="stolen"))
    assert refused.value.code == "id_taken"
    with pytest.raises(Conflict):
        await store.commit(bob, ListCreate(id=theirs, title="stolen"))
    assert (await store.snapshot(ann.id, theirs)).todos[0].title == "milk"


async def test_a_stranger_gets_for_a_list_what_a_random_id_gets(
    store: Store, person: People
) -> None:
    """Not a member and not existing are one and the same answer."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann)
    todo_id = await new_todo(store, ann, list_id)
    refusals = []
    for target in (list_id, uuid4()):
        with pytest.raises(NotFound) as refused:
            await store.commit(bob, TodoCreate(list_id=target, title="x"))
        refusals.append(refused.value.detail)
        with pytest.raises(NotFound):
            await store.snapshot(bob.id, target)
        assert (await store.read_log(LogId.list(target), bob.id, 0)).role is None
        assert (await store.read_log(LogId.list(target), bob.id, 0)).entries == ()
    for todo in (todo_id, uuid4()):
        with pytest.raises(NotFound) as refused:
            await store.commit(bob, TodoDelete(todo_id=todo))
        refusals.append(refused.value.detail)
    assert refusals[0] == refusals[1]
    assert refusals[2] == refusals[3]


async def test_a_viewer_reads_but_does_not_write(store: Store, person: People) -> None:
    """The role is decided inside the transaction."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann, bob, role="viewer")
    with pytest.raises(Forbidden):
        await store.commit(bob, TodoCreate(list_id=list_id, title="x"))
    with pytest.raises(Forbidden):
        await store.commit(bob, ListDelete(list_id=list_id))
    assert (await store.snapshot(bob.id, list_id)).info.title == "Groceries"


async def test_a_removed_member_sees_nothing_from_then_on(store: Store, person: People) -> None:
    """Removal is an entry; the log, the snapshot and the inbox agree on it."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann, bob)
    gone = await store.commit(ann, MemberRemove(list_id=list_id, username="BOB"))
    assert gone.entries[0].subject == bob.id
    assert (await store.read_log(LogId.list(list_id), bob.id, 0)).role is None
    with pytest.raises(NotFound):
        await store.snapshot(bob.id, list_id)
    inbox = await store.read_log(LogId.user(bob.id), bob.id, 0)
    assert [entry.type for entry in inbox.entries] == ["list.joined", "list.left"]


async def test_the_last_owner_cannot_leave_or_step_down(store: Store, person: People) -> None:
    """A list keeps an owner; a second one sets the first free."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann, bob)
    for command in (
        MemberRemove(list_id=list_id, username="ann"),
        MemberSet(list_id=list_id, username="ann", role="viewer"),
    ):
        with pytest.raises(Conflict) as refused:
            await store.commit(ann, command)
        assert refused.value.code == "last_owner"
    await store.commit(ann, MemberSet(list_id=list_id, username="bob", role="owner"))
    await store.commit(ann, MemberRemove(list_id=list_id, username="ann"))
    assert [
        member.person.username for member in (await store.snapshot(bob.id, list_id)).members
    ] == ["bob"]


async def test_a_deleted_list_is_gone_for_everyone(store: Store, person: People) -> None:
    """The log's last entry says so, and so does every member's inbox."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann, bob)
    await store.commit(ann, ListDelete(list_id=list_id))
    for actor in (ann, bob):
        assert await store.lists_of(actor.id) == ()
        inbox = await store.read_log(LogId.user(actor.id), actor.id, 0)
        assert inbox.entries[-1].type == "list.left"
    last = await store.read_log(LogId.list(list_id), None, 3)
    assert [entry.type for entry in last.entries] == ["list.deleted"]


async def test_a_write_names_what_it_replaced_of_another(store: Store, person: People) -> None:
    """The last writer wins, and the loser's value stands in the entry."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann, bob)
    todo_id = await new_todo(store, ann, list_id)
    seen = (await store.snapshot(bob.id, list_id)).position.offset
    await store.commit(ann, TodoUpdate(todo_id=todo_id, changes={"title": "oat milk"}, base=seen))
    made = await store.commit(
        bob, TodoUpdate(todo_id=todo_id, changes={"title": "soy milk"}, base=seen)
    )
    replaced = orjson.loads(made.entries[0].data)["replaced"]
    assert replaced == {
        "title": {
            "value": "oat milk",
            "by": {"id": str(ann.id), "username": "ann"},
            "offset": seen + 1,
        }
    }


async def test_a_conditional_write_on_a_stale_version_changes_nothing(
    store: Store, person: People
) -> None:
    """The refusal carries the todo as it is."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    todo_id = await new_todo(store, ann, list_id)
    todo, _ = await store.todo(ann.id, todo_id)
    command = TodoUpdate(todo_id=todo_id, changes={"completed": True})
    with pytest.raises(Stale) as refused:
        await store.commit(ann, command, if_match=[Position(store.epoch, todo.offset - 1)])
    assert refused.value.extra["todo"]["completed"] is False
    with pytest.raises(Stale):
        await store.commit(ann, command, if_match=[Position("other", todo.offset)])
    done = await store.commit(
        ann, command, if_match=[Position("other", 1), Position(store.epoch, todo.offset)]
    )
    assert orjson.loads(done.body)["todo"]["completed_by"] == "ann"


async def test_a_restored_todo_finds_its_place_free(store: Store, person: People) -> None:
    """Nothing moves into the place of a todo in the trash."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    first, second, third = [await new_todo(store, ann, list_id, name) for name in "abc"]
    await store.commit(ann, TodoDelete(todo_id=second))
    await store.commit(ann, TodoMove(todo_id=third, after=first))
    await store.commit(ann, TodoCreate(list_id=list_id, title="d", after=first))
    await store.commit(ann, TodoRestore(todo_id=second))
    titles = [todo.title for todo in (await store.snapshot(ann.id, list_id)).todos]
    assert sorted(titles) == ["a", "b", "c", "d"]
    assert titles[:2] == ["a", "d"]


async def test_a_change_to_the_same_value_makes_no_entry(store: Store, person: People) -> None:
    """A no-op is answered with the current head."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    todo_id = await new_todo(store, ann, list_id)
    for command in (
        TodoUpdate(todo_id=todo_id, changes={"title": "milk"}),
        TodoRestore(todo_id=todo_id),
        TodoMove(todo_id=todo_id, after=None),
        ListUpdate(list_id=list_id, changes={"title": "Groceries"}),
        MemberSet(list_id=list_id, username="ann", role="owner"),
    ):
        made = await store.commit(ann, command)
        assert (made.status, made.entries, made.position.offset) == (200, (), 3)


async def test_a_personal_message_reaches_both_inboxes(store: Store, person: People) -> None:
    """Only people who share a list can write to each other."""
    ann, bob, eve = await person("ann"), await person("bob"), await person("eve")
    await new_list(store, ann, bob)
    await store.commit(ann, MessageSend(to="bob", text="hello"))
    for actor in (ann, bob):
        inbox = await store.read_log(LogId.user(actor.id), actor.id, 1)
        assert [entry.type for entry in inbox.entries] == ["message.received"]
    details = []
    for name in ("eve", "nobody"):
        with pytest.raises(NotFound) as refused:
            await store.commit(ann, MessageSend(to=name, text="hello"))
        details.append(refused.value.detail)
    assert details[0] == details[1]
    assert (await store.read_log(LogId.user(eve.id), eve.id, 0)).head == 0


async def test_writers_of_one_list_leave_gapless_offsets(store: Store, person: People) -> None:
    """Sixty-four writers, some cancelled at once: 1..head, each once, no connection held."""
    ann = await person("ann")
    list_id = await new_list(store, ann)

    async def write(number: int) -> None:
        task = asyncio.create_task(
            store.commit(ann, TodoCreate(list_id=list_id, title=f"todo {number}"))
        )
        for _ in range(number % 7):
            await asyncio.sleep(0)
        if number % 3 == 0:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await asyncio.gather(*(write(number) for number in range(64)))
    await asyncio.gather(*store.database._tasks, return_exceptions=True)
    log = await store.read_log(LogId.list(list_id), None, 0, limit=1_000, max_bytes=10**7)
    assert [entry.offset for entry in log.entries] == list(range(1, log.head + 1))
    assert len((await store.snapshot(ann.id, list_id)).todos) == log.head - 2


async def test_a_dependency_that_closes_a_circle_is_refused_with_the_path(
    store: Store, person: People
) -> None:
    """The check is part of the write: of two that close a circle together, exactly one wins."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    first, second, third = [await new_todo(store, ann, list_id, name) for name in "abc"]
    await store.commit(ann, TodoBlock(todo_id=first, by=second))
    outcomes = await asyncio.gather(
        store.commit(ann, TodoBlock(todo_id=second, by=third)),
        store.commit(ann, TodoBlock(todo_id=third, by=first)),
        return_exceptions=True,
    )
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert refused.code == "cycle"
    path = refused.extra["path"]
    assert path[0] == path[-1]
    assert set(path) == {str(first), str(second), str(third)}
    with pytest.raises(Conflict) as itself:
        await store.commit(ann, TodoBlock(todo_id=first, by=first))
    assert itself.value.extra == {"path": [str(first), str(first)], "path_length": 2}


@pytest.mark.parametrize("length", [19, 20, 60])
async def test_of_a_long_circle_both_ends_are_shown(
    store: Store, person: People, length: int
) -> None:
    """A refusal stays small, however many todos wait for each other; the path says how many."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    ids = [uuid4() for _ in range(length)]
    chain = [
        TodoCreate(list_id=list_id, id=one, title="step", blocked_by=ids[number - 1 : number])
        for number, one in enumerate(ids)
    ]
    await store.commit_all(ann, chain)
    with pytest.raises(Conflict) as refused:
        await store.commit(ann, TodoBlock(todo_id=ids[0], by=ids[-1]))
    whole = [str(one) for one in (ids[0], *reversed(ids))]
    shown = whole if length < 20 else whole[:10] + whole[-10:]
    assert refused.value.extra == {"path": shown, "path_length": length + 1}


async def test_a_dependency_across_lists_tells_only_what_the_caller_may_see(
    store: Store, person: People
) -> None:
    """A todo of another own list is 422, anyone else's is as unknown as a random id."""
    ann, bob = await person("ann"), await person("bob")
    todo_id = await new_todo(store, ann, await new_list(store, ann))
    mine = await new_todo(store, ann, await new_list(store, ann))
    theirs = await new_todo(store, bob, await new_list(store, bob))
    with pytest.raises(Invalid):
        await store.commit(ann, TodoBlock(todo_id=todo_id, by=mine))
    for other in (theirs, uuid4()):
        with pytest.raises(NotFound):
            await store.commit(ann, TodoBlock(todo_id=todo_id, by=other))
