"""What may be done with a list's members, the same on both engines."""

from __future__ import annotations

from uuid import UUID

import pytest

from store.actor import Actor
from store.errors import Conflict
from store.store import Store
from store.todo.commands import MemberRemove, MemberSet
from tests.store.making import People, new_inbox


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
