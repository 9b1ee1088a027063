"""Hold accounts to the number of lists that they may be in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from store.errors import Conflict
from store.tables import lists, members
from store.todo.decide_list import MAX_LISTS

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["demand_room_for_added", "demand_room_for_made"]


async def demand_room_for_added(connection: AsyncConnection, person: UUID) -> None:
    """Refuse (Conflict ``limit_reached``) a membership given that takes a person beyond the bound.

    Call it with the membership written and the head of the person's inbox locked: whoever else adds
    or makes holds that lock until their own membership can be seen here.
    """
    if await _held(connection, person) > MAX_LISTS:
        raise Conflict(
            f"An account that is in {MAX_LISTS:,} lists joins no other; it has to leave one first.",
            code="limit_reached",
        )


async def demand_room_for_made(connection: AsyncConnection, person: UUID) -> None:
    """Refuse (Conflict ``limit_reached``) a list made beyond the bound; call it as the other one.

    Only lists that the person made and is still in count, so that nobody can use up another's
    room by adding them.
    """
    if await _held(connection, person) <= MAX_LISTS:
        return
    own = (
        select(func.count())
        .select_from(members.join(lists, lists.c.id == members.c.list_id))
        .where(members.c.user_id == person, lists.c.created_by == person)
    )
    if (await connection.scalar(own) or 0) > MAX_LISTS:
        raise Conflict(
            f"An account holds at most {MAX_LISTS:,} lists that it made: delete or leave one.",
            code="limit_reached",
        )


async def _held(connection: AsyncConnection, person: UUID) -> int:
    """Count a person's memberships, by their index."""
    if connection.dialect.name == "postgresql":  # row-level security hides those of others
        query = select(func.lockstep_lists_held(person))
    else:
        query = select(func.count()).where(members.c.user_id == person)
    return await connection.scalar(query) or 0
