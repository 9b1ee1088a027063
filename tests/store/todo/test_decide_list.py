"""What may be done with a list's members, the same on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.actor import Actor
from store.database import Pool
from store.errors import Conflict, NotFound
from store.store import Store
from store.tables import users
from store.todo.commands import (
    Command,
    ListUpdate,
    MemberRemove,
    MemberSet,
    TodoAssign,
    TodoUnassign,
)
from tests.store.making import People, new_inbox, new_list, new_todo


async def roles_in(store: Store, actor: Actor, list_id: UUID) -> dict[str, str]:
    """Give each member's role, by name."""
    snapshot = await store.snapshot(actor.id, list_id)
    return {member.person.username: member.role.value for member in snapshot.members}


async def test_an_inbox_is_shared_but_not_given_away(store: Store, person: People) -> None:
    """Nobody else becomes its owner, and the one whose it is neither leaves nor steps down."""
    ann, _ = await person("ann"), await person("bob")
    inbox = await new_inbox(store, ann)
    await store.commit(ann, MemberSet(list_id=inbox, username="bob", role="editor"))
    for command in (
        MemberSet(list_id=inbox, username="bob", role="owner"),
        MemberSet(list_id=inbox, username="ann", role="editor"),
        MemberRemove(list_id=inbox, username="ann"),
    ):
        with pytest.raises(Conflict) as refused:
            await store.commit(ann, command)
        assert refused.value.code == "inbox"
    await store.commit(ann, MemberSet(list_id=inbox, username="ann", role="owner"))
    await store.commit(ann, MemberSet(list_id=inbox, username="bob", role="viewer"))
    assert await roles_in(store, ann, inbox) == {"ann": "owner", "bob": "viewer"}
    await store.commit(ann, MemberRemove(list_id=inbox, username="bob"))


async def test_a_member_whose_account_is_disabled_is_one_still(
    store: Store, person: People
) -> None:
    """They are assigned, demoted and removed like others; only a newcomer must be enabled."""
    ann, bob, cyd = await person("ann"), await person("bob"), await person("cyd")
    list_id = await new_list(store, ann, bob, role="owner")
    todo_id = await new_todo(store, ann, list_id, assignees=("bob",))
    for who in (bob, cyd):
        await disable(store, who)
    with pytest.raises(NotFound) as refused:
        await store.commit(ann, MemberSet(list_id=list_id, username="cyd", role="editor"))
    assert refused.value.code == "user_not_found"
    offset = 4
    for command in (
        TodoUnassign(todo_id=todo_id, username="bob"),
        TodoAssign(todo_id=todo_id, username="BOB"),
        MemberSet(list_id=list_id, username="Bob", role="viewer"),
        MemberRemove(list_id=list_id, username="bob"),
    ):
        done = await store.commit(ann, command)
        offset += 1
        assert (done.entries[0].type, done.position.offset) == (said_of(command), offset)
    assert await roles_in(store, ann, list_id) == {"ann": "owner"}
    assert (await store.snapshot(ann.id, list_id)).todos[0].assignees == ()
    with pytest.raises(NotFound):
        await store.commit(ann, MemberSet(list_id=list_id, username="bob", role="editor"))


async def test_the_way_a_command_takes_does_not_tell_disabled_members_apart(
    store: Store, person: People
) -> None:
    """A batch, an assignment alone and a todo made for them go from the rows as from memory."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann, bob)
    todo_id = await new_todo(store, ann, list_id)
    await disable(store, bob)
    rename = ListUpdate(list_id=list_id, changes={"title": "Baking"})
    assign = TodoAssign(todo_id=todo_id, username="bob")
    made = await store.commit_all(ann, [rename, assign])  # the first keeps both off the fast path
    assert [one.entries[0].type for one in made] == ["list.updated", "todo.assigned"]
    await new_todo(store, ann, list_id, "flour", assignees=("bob",))
    gone = TodoUnassign(todo_id=todo_id, username="bob")
    assert (await store.commit(ann, gone)).entries[0].type == "todo.unassigned"
    assert (await store.commit(ann, assign)).entries[0].type == "todo.assigned"


async def disable(store: Store, who: Actor) -> None:
    """Disable an account."""

    async def work(connection: AsyncConnection) -> None:
        same = users.c.id == who.id
        await connection.execute(update(users).where(same).values(disabled_at=datetime.now(UTC)))

    await store.database.transact(Pool.AUTH, None, work)


def said_of(command: Command) -> str:
    """Name the entry that a command about people makes."""
    return {
        TodoAssign: "todo.assigned",
        TodoUnassign: "todo.unassigned",
        MemberSet: "member.role_changed",
        MemberRemove: "member.removed",
    }[type(command)]
