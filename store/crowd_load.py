"""Load who stands around a crowded place of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from store.tables import todos
from store.todo.model import Todo
from store.todo.spread import REACH, Crowd, is_crowded
from store.todo_rows import todo_from_row

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["load_crowd"]


async def load_crowd(
    connection: AsyncConnection,
    list_id: UUID,
    gap: tuple[str | None, str | None],
    moving: Todo | None,
) -> tuple[dict[UUID, Todo], Crowd] | None:
    """Load those around the gap, and who of them stands where; None when there is no crowd.

    The trash counts; ``moving`` does not.
    """
    low, high = gap
    if not is_crowded(low, high):
        return None
    position = todos.c.position
    before = await _some(connection, list_id, position <= low, position.desc(), moving)
    after = await _some(connection, list_id, position >= high, position, moving)
    return {todo.id: todo for todo in (*before, *after)}, Crowd(
        [(todo.id, todo.position) for todo in before],
        [(todo.id, todo.position) for todo in after],
        None if moving is None else moving.position,
    )


async def _some(
    connection: AsyncConnection, list_id: UUID, side: Any, order: Any, moving: Todo | None
) -> list[Todo]:
    query = select(todos).where(todos.c.list_id == list_id, side)
    if moving is not None:
        query = query.where(todos.c.id != moving.id)
    rows = await connection.execute(query.order_by(order).limit(REACH + 1))
    return [todo_from_row(row) for row in rows]
