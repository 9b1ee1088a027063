"""Make lists and todos for tests that are about something else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import orjson

from store.actor import Actor
from store.store import Store
from store.todo.commands import ListCreate, MemberSet, TodoCreate

__all__ = ["People", "new_list", "new_todo"]

People = Callable[[str], Awaitable[Actor]]


async def new_list(store: Store, owner: Actor, *others: Actor, role: str = "editor") -> UUID:
    """Make a list and add others to it."""
    made = await store.commit(owner, ListCreate(title="Groceries"))
    list_id = UUID(orjson.loads(made.body)["list"]["id"])
    for other in others:
        await store.commit(owner, MemberSet(list_id=list_id, username=other.username, role=role))
    return list_id


async def new_todo(
    store: Store, actor: Actor, list_id: UUID, title: str = "milk", **fields: object
) -> UUID:
    """Add a todo at the end."""
    made = await store.commit(actor, TodoCreate(list_id=list_id, title=title, **fields))
    return UUID(orjson.loads(made.body)["todo"]["id"])
