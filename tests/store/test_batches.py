"""Commands sent together are written together, with the answers that each would have had alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.actor import Actor
from store.commit_together import CommandRefusedError
from store.committed import Committed
from store.engines import StoreSettings
from store.errors import LockstepError, NotFound, OutcomeUnknown
from store.log_id import LogId, LogKind
from store.store import Store, open_store
from store.todo.commands import (
    Command,
    ListCreate,
    MemberSet,
    TodoAddLabel,
    TodoBlock,
    TodoCreate,
    TodoDelete,
    TodoUpdate,
)
from tests.store.making import People, make_person, new_list
from tests.store.todo.actions import PEOPLE, Action, actions

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Said = list[Any]


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL, the engine that has lanes, with a clock that stands."""
    opened = await open_store(
        StoreSettings(postgresql_url, deadline_s=60.0),  # the machine may be busy
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )
    yield opened
    await opened.aclose()


@pytest.fixture
def together_only(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no command go the longer way."""

    async def refuse(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr("store.commits.commit_together", refuse)
    monkeypatch.setattr("store.commits.commit_list_command", refuse)


async def entries_of(store: Store, list_id: UUID) -> list[bytes]:
    """Read the log, and check that its offsets are 1, 2, 3 and so on."""
    log = await store.read_log(LogId.list(list_id), None, 0, limit=10_000, max_bytes=10**8)
    assert [entry.offset for entry in log.entries] == list(range(1, log.head + 1))
    return [entry.data for entry in log.entries]


@pytest.mark.usefixtures("together_only")
async def test_a_batch_of_todos_takes_one_transaction(store: Store, person: People) -> None:
    """Each command builds on those before it, and none of them goes the longer way."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    first, second = uuid4(), uuid4()
    made = await store.commit_all(
        ann,
        [
            TodoCreate(list_id=list_id, id=first, title="milk", op=uuid4()),
            TodoCreate(list_id=list_id, id=second, title="bread", after=first, op=uuid4()),
            TodoBlock(todo_id=second, by=first, op=uuid4()),
            TodoUpdate(todo_id=first, changes={"completed": True}, op=uuid4()),
            TodoAddLabel(todo_id=first, label="shop", op=uuid4()),
            TodoAddLabel(todo_id=first, label="shop", op=uuid4()),
        ],
    )
    assert [answer.position.offset for answer in made] == [3, 4, 5, 6, 7, 7]
    assert len(await entries_of(store, list_id)) == 7
    snapshot = await store.snapshot(ann.id, list_id)
    assert [(todo.id, todo.offset) for todo in snapshot.todos] == [(first, 7), (second, 5)]


@pytest.mark.usefixtures("together_only")
async def test_as_many_as_can_be_of_a_queue_take_one_transaction(
    store: Store, person: People
) -> None:
    """It stops before the first that is refused, or about another list, and tells nothing more."""
    ann = await person("ann")
    list_id, other = await new_list(store, ann), await new_list(store, ann)
    todo_id = uuid4()
    queue = [
        TodoCreate(list_id=list_id, id=todo_id, title="milk", op=uuid4()),
        TodoUpdate(todo_id=todo_id, changes={"title": "bread"}, op=uuid4()),
        TodoUpdate(todo_id=uuid4(), changes={"title": "none"}, op=uuid4()),
        TodoUpdate(todo_id=todo_id, changes={"title": "butter"}, op=uuid4()),
        TodoCreate(list_id=list_id, title="jam", after=uuid4(), op=uuid4()),
        TodoCreate(list_id=other, title="tea", op=uuid4()),
    ]
    assert [one.status for one in await store.commit_first(ann, queue)] == [201, 200]
    assert await store.commit_first(ann, queue[2:]) == ()
    assert [one.position.offset for one in await store.commit_first(ann, queue[3:])] == [5]
    assert await store.commit_first(ann, queue[4:]) == ()
    assert await store.commit_first(ann, queue[5:]) == ()
    assert len(await entries_of(store, list_id)) == 5


async def test_a_replayed_command_among_new_ones_gets_its_first_answer(
    store: Store, person: People
) -> None:
    """The others of the batch take effect, it does not once more."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    known = TodoCreate(list_id=list_id, title="milk", op=uuid4())
    first = await store.commit(ann, known)
    twin = TodoCreate(list_id=list_id, title="twin", op=uuid4())
    made = await store.commit_all(ann, [twin, known, twin])
    assert [answer.replayed for answer in made] == [False, True, True]
    assert made[1].body == first.body
    assert made[2].body == made[0].body
    assert len(await entries_of(store, list_id)) == 4


async def test_a_batch_decided_on_a_list_that_moved_on_is_decided_anew(
    store: Store, person: People, postgresql_url: str
) -> None:
    """What another replica wrote stands before it, and nothing of the first attempt remains."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    todo_id = uuid4()
    await store.commit(ann, TodoCreate(list_id=list_id, id=todo_id, title="a"))
    other = await open_store(StoreSettings(postgresql_url))
    await other.commit(ann, TodoUpdate(todo_id=todo_id, changes={"title": "b"}))
    await other.aclose()
    made = await store.commit_all(
        ann,
        [
            TodoCreate(list_id=list_id, title="c", after=todo_id),
            TodoUpdate(todo_id=todo_id, changes={"completed": True}),
        ],
    )
    assert [answer.position.offset for answer in made] == [5, 6]
    todos = (await store.snapshot(ann.id, list_id)).todos
    assert [(todo.title, todo.completed) for todo in todos] == [("b", True), ("c", False)]


async def test_a_batch_whose_outcome_is_unknown_says_so(
    store: Store, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the list, loaded anew, goes on."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    batch = [TodoCreate(list_id=list_id, title=title, op=uuid4()) for title in "ab"]

    async def lost(*_: object) -> None:
        raise OutcomeUnknown

    with monkeypatch.context() as patched:
        patched.setattr(store.database, "call", lost)
        for attempt in (store.commit_all, store.commit_first):
            with pytest.raises(OutcomeUnknown):
                await attempt(ann, batch)
    made = await store.commit_all(ann, batch)
    assert [answer.position.offset for answer in made] == [3, 4]


async def test_a_large_batch_is_not_cut(store: Store, person: People) -> None:
    """A hundred commands wait beside others, and still are all or none."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    batch: list[Command] = [TodoCreate(list_id=list_id, title=str(n)) for n in range(99)]
    with pytest.raises(CommandRefusedError) as refused:
        await store.commit_all(ann, [batch[0], TodoDelete(todo_id=uuid4()), *batch[1:]])
    assert (refused.value.index, type(refused.value.refusal)) == (1, NotFound)
    assert len(await entries_of(store, list_id)) == 2
    made = await store.commit_all(ann, [*batch, TodoCreate(list_id=list_id, title="last")])
    assert [answer.position.offset for answer in made] == list(range(3, 103))


# --- the same as the longer way -------------------------------------------------------------------


class Cast:
    """Hold the people of both stores: one with lanes and one without, over the same database."""

    def __init__(self, quick: Store, slow: Store, people: dict[str, Actor]) -> None:
        self.quick = quick
        self.slow = slow
        self.people = people

    async def new_list(self, store: Store) -> UUID:
        """Make a list of ann's with bob in it."""
        made = await store.commit(self.people["ann"], ListCreate(id=uuid4(), title="Groceries"))
        list_id = made.entries[0].log.key
        share = MemberSet(list_id=list_id, username="bob", role="editor")
        await store.commit(self.people["ann"], share)
        return list_id


@pytest.fixture
async def cast(store: Store, postgresql_url: str) -> AsyncIterator[Cast]:
    """Open a store that knows only the longer way, beside the other."""
    slow = await open_store(StoreSettings(postgresql_url), now=store.now)
    slow._commits._lanes = None
    people = {name: await make_person(store, name) for name in PEOPLE}
    yield Cast(store, slow, people)
    await slow.aclose()


batches = st.lists(
    st.tuples(
        st.sampled_from(("ann", "ann", "bob", "cyd")),
        actions.map(lambda one: one[:5]),
        # For each command: a fresh operation id, none, or (None) one used before.
        st.lists(
            st.sampled_from((True, True, True, True, True, False, False, False, None)),
            min_size=5,
            max_size=5,
        ),
    ),
    min_size=1,
    max_size=8,
)
Batches = list[tuple[str, list[Action], list[bool | None]]]


def spelled(batches: Batches, list_id: UUID) -> list[tuple[str, list[Command]]]:
    """Make the commands; the same todos and operation ids each time they are called for."""
    known: list[UUID] = []
    least = uuid4().int & ~0xFFFF  # some answers are in the order of ids
    used: list[UUID] = []
    made: list[tuple[str, list[Command]]] = []
    for number in range(3):
        known.append(UUID(int=least + number))
        made.append(("ann", [TodoCreate(list_id=list_id, id=known[-1], title=str(number))]))
    for actor, history, ops in batches:
        commands: list[Command] = []
        for action, op in zip(history, ops, strict=False):
            command = action.command(list_id, known)
            if command is None:
                continue
            if isinstance(command, TodoCreate):
                known.append(UUID(int=least + len(known)))
                command = command.model_copy(update={"id": known[-1]})
            if op is None and used:
                command = command.model_copy(update={"op": used[action.target % len(used)]})
            elif op:
                used.append(uuid4())
                command = command.model_copy(update={"op": used[-1]})
            commands.append(command)
        if commands:
            made.append((actor, commands))
    return made


def said(outcome: Committed | LockstepError) -> Any:
    """Give all that a caller learns."""
    if isinstance(outcome, LockstepError):
        return type(outcome), outcome.code, outcome.detail, outcome.extra
    entries = [
        entry.data if entry.log.kind is LogKind.USER else (entry.offset, entry.data)
        for entry in outcome.entries
    ]
    return outcome.status, outcome.body, outcome.position.offset, outcome.replayed, entries


async def all_or_none(store: Store, actor: Actor, commands: Sequence[Command]) -> Said:
    """Carry out a batch."""
    try:
        return [said(one) for one in await store.commit_all(actor, commands)]
    except CommandRefusedError as refused:
        return [refused.index, said(refused.refusal)]


async def in_turn(store: Store, actor: Actor, commands: Sequence[Command]) -> Said:
    """Carry out a queue, as many together as go together."""
    outcomes: Said = []
    while len(outcomes) < len(commands):
        made = await store.commit_first(actor, commands[len(outcomes) :])
        outcomes += [said(one) for one in made]
        if len(outcomes) < len(commands):
            try:
                outcomes.append(said(await store.commit(actor, commands[len(outcomes)])))
            except LockstepError as refusal:
                outcomes.append(said(refusal))
    return outcomes


async def todos_of(store: Store, actor: Actor, list_id: UUID) -> Said:
    """Read what a person sees of a list, the trash included; nothing, if they were removed."""
    try:
        snapshots = [await store.snapshot(actor.id, list_id), await store.trash(actor.id, list_id)]
    except NotFound:
        return []
    return [snapshot.todos for snapshot in snapshots]


def nameless(transcript: Any) -> str:
    """Number the ids in the order in which they come, so that two lists can be compared."""
    seen: dict[str, str] = {}
    return _UUID.sub(lambda found: seen.setdefault(found[0], f"#{len(seen)}"), str(transcript))


@pytest.mark.parametrize("carry_out", [all_or_none, in_turn])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches)
async def test_written_together_is_as_written_the_longer_way(
    cast: Cast, carry_out: Any, batches: Batches
) -> None:
    """Any batches, with repeated and reused operation ids: equal answers, entries and lists."""
    transcripts = []
    for store in (cast.quick, cast.slow):
        list_id = await cast.new_list(store)
        outcomes = [
            await carry_out(store, cast.people[actor], commands)
            for actor, commands in spelled(batches, list_id)
        ]
        shown = [await todos_of(store, person, list_id) for person in cast.people.values()]
        transcripts.append(nameless([outcomes, shown, await entries_of(store, list_id)]))
    assert transcripts[0] == transcripts[1]
