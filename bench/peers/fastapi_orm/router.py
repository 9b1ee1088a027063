"""The routes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, status
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_orm.database import get_session
from fastapi_orm.models import User
from fastapi_orm.schemas import TodoCreate, TodoWritten
from fastapi_orm.security import get_current_user
from fastapi_orm.service import TodoService

router = APIRouter(prefix="/api/v1", tags=["todos"])


def get_todo_service(session: Annotated[AsyncSession, Depends(get_session)]) -> TodoService:
    """Give a request its service."""
    return TodoService(session)


@router.post("/lists/{list_id}/todos", status_code=status.HTTP_201_CREATED)
async def create_todo(
    list_id: UUID,
    payload: TodoCreate,
    user: Annotated[User, Depends(get_current_user)],
    service: Annotated[TodoService, Depends(get_todo_service)],
    idempotency_key: Annotated[UUID | None, Header()] = None,
) -> TodoWritten:
    """Create a todo."""
    return await service.create(user, list_id, idempotency_key, payload)


@router.get("/ready", status_code=status.HTTP_204_NO_CONTENT)
async def ready() -> None:
    """Say that it serves."""
