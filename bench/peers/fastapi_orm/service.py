"""The rules of a write."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID, uuid4

from fastapi import HTTPException, status
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_orm.models import LIST_LOG, Entry, Operation, Todo, User
from fastapi_orm.repository import ListRepository, TodoRepository
from fastapi_orm.schemas import TodoCreate, TodoRead, TodoWritten


class TodoService:
    """Create todos."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.lists = ListRepository(session)
        self.todos = TodoRepository(session)

    async def create(
        self, user: User, list_id: UUID, op: UUID | None, payload: TodoCreate
    ) -> TodoWritten:
        """Create a todo at the end of a list, with its log entry and its operation id."""
        member = await self.lists.membership(list_id, user.id)
        if member is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such list.")
        if member.role == "viewer":
            raise HTTPException(status.HTTP_403_FORBIDDEN, "Viewers cannot write.")
        digest = hashlib.sha256(to_json(payload)).digest()
        log = await self.lists.lock_log(list_id)
        if op is not None and (known := await self.lists.operation(user.id, op)) is not None:
            if known.digest != digest:
                raise HTTPException(status.HTTP_409_CONFLICT, "This operation id was used.")
            return TodoWritten.model_validate_json(known.body)
        log.head += 1
        now = datetime.now(UTC)
        last = await self.todos.last_position(list_id)
        todo = Todo(
            id=uuid4(),
            list_id=list_id,
            position=_after(last),
            created_by=user.id,
            created_by_name=user.username,
            created_at=now,
            updated_at=now,
            log_offset=log.head,
            **payload.model_dump(),
        )
        self.todos.add(todo)
        await self.session.flush()
        read = TodoRead.model_validate(todo)
        written = TodoWritten(todo=read, offset=log.head)
        entry = {
            "type": "todo.created",
            "op": op,
            "actor": {"id": user.id, "username": user.username},
            "at": now,
            "todo": read,
        }
        self.todos.add(
            Entry(
                kind=LIST_LOG,
                log_id=list_id,
                log_offset=log.head,
                type="todo.created",
                data=to_json(entry),
            )
        )
        if op is not None:
            self.todos.add(
                Operation(
                    user_id=user.id,
                    op=op,
                    digest=digest,
                    kind=LIST_LOG,
                    log_id=list_id,
                    log_offset=log.head,
                    status=status.HTTP_201_CREATED,
                    body=to_json(written, by_alias=True),
                )
            )
        await self.session.commit()
        return written


def _after(position: str | None) -> str:
    return f"{int(position or 0) + 1:012}"
