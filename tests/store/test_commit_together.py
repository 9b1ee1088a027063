"""All of several commands take effect, or none does."""

from __future__ import annotations

from uuid import uuid4

import pytest

from store.commit_together import CommandRefusedError
from store.errors import Invalid, NotFound
from store.store import Store
from store.todo.commands import ListCreate, TodoCreate, TodoUpdate
from tests.store.making import People, new_list, new_todo


async def test_commands_of_one_list_get_offsets_in_a_row(store: Store, person: People) -> None:
    """A later command may be about what an earlier one made; a repeat gives the same answers."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    todo_id = uuid4()
    commands = [
        TodoCreate(list_id=list_id, id=todo_id, title="milk", op=uuid4()),
        TodoUpdate(todo_id=todo_id, changes={"completed": True}, op=uuid4()),
    ]
    made = await store.commit_all(ann, commands)
    assert [answer.position.offset for answer in made] == [3, 4]
    again = await store.commit_all(ann, commands)
    assert [answer.body for answer in again] == [answer.body for answer in made]
    assert all(answer.replayed for answer in again)


async def test_one_refusal_undoes_all(store: Store, person: People) -> None:
    """The refusal names the command; the list stays as it was."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    with pytest.raises(CommandRefusedError) as refused:
        await store.commit_all(
            ann,
            [
                TodoCreate(list_id=list_id, title="milk"),
                TodoUpdate(todo_id=uuid4(), changes={"title": "x"}),
            ],
        )
    assert refused.value.index == 1
    assert isinstance(refused.value.refusal, NotFound)
    snapshot = await store.snapshot(ann.id, list_id)
    assert (snapshot.todos, snapshot.position.offset) == ((), 2)


async def test_commands_of_two_lists_are_not_all_or_none(store: Store, person: People) -> None:
    """Nor are those that belong to no list yet."""
    ann = await person("ann")
    first, second = await new_list(store, ann), await new_list(store, ann)
    todo_id = await new_todo(store, ann, second)
    for other in (TodoUpdate(todo_id=todo_id, changes={"title": "x"}), ListCreate(title="third")):
        with pytest.raises(CommandRefusedError) as refused:
            await store.commit_all(ann, [TodoCreate(list_id=first, title="milk"), other])
        assert isinstance(refused.value.refusal, Invalid)
    assert (await store.snapshot(ann.id, first)).todos == ()
