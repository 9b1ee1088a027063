"""Let people act on a service: share, write, remove."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from realtime.replica import Replica
from store.actor import Actor
from tests.realtime.conftest import Service

__all__ = ["add_todo", "add_todos", "pair", "remove_member"]


async def pair(service: Service) -> tuple[Actor, Actor, UUID, Replica]:
    """Make two people who share a list, and a replica."""
    ann, bob = await service.person("ann"), await service.person("bob")
    return ann, bob, await service.make_list(ann, bob), await service.replica()


async def remove_member(
    service: Service, owner: Actor, list_id: UUID, name: str, at: Any = None
) -> None:
    """Take somebody out of a list."""
    await service.do(owner, "member.remove", at=at, list_id=str(list_id), username=name)


async def add_todo(
    service: Service, actor: Actor, list_id: UUID, at: Replica | None = None
) -> None:
    """Add a todo to a list."""
    await service.do(actor, "todo.create", at=at, list_id=str(list_id), title="milk")


async def add_todos(
    service: Service, actor: Actor, list_id: UUID, count: int, at: Replica | None = None
) -> None:
    """Add several, titled by their number."""
    for number in range(count):
        title = f"todo {number}"
        await service.do(actor, "todo.create", at=at, list_id=str(list_id), title=title)
