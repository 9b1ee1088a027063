"""The queries, one method each."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_orm.models import LIST_LOG, Entry, Log, Member, Operation, Todo, TodoList, User


class UserRepository:
    """Read people."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, user_id: UUID) -> User | None:
        """Give a person."""
        return await self.session.get(User, user_id)


class ListRepository:
    """Read lists and write their logs."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def membership(self, list_id: UUID, user_id: UUID) -> Member | None:
        """Give a person's membership in a list that is not deleted."""
        query = (
            select(Member)
            .join(TodoList, TodoList.id == Member.list_id)
            .where(Member.list_id == list_id, Member.user_id == user_id)
            .where(TodoList.deleted_at.is_(None))
        )
        return (await self.session.execute(query)).scalar_one_or_none()

    async def lock_log(self, list_id: UUID) -> Log:
        """Give the list's log, locked until the transaction ends."""
        query = select(Log).where(Log.kind == LIST_LOG, Log.log_id == list_id).with_for_update()
        return (await self.session.execute(query)).scalar_one()

    async def operation(self, user_id: UUID, op: UUID) -> Operation | None:
        """Give what an operation id was answered with."""
        return await self.session.get(Operation, (user_id, op))


class TodoRepository:
    """Write todos."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def last_position(self, list_id: UUID) -> str | None:
        """Give the position of a list's last todo."""
        query = (
            select(Todo.position)
            .where(Todo.list_id == list_id)
            .order_by(Todo.position.desc())
            .limit(1)
        )
        return (await self.session.execute(query)).scalar_one_or_none()

    def add(self, *rows: Todo | Entry | Operation) -> None:
        """Have rows written with the next flush."""
        self.session.add_all(rows)
