"""What comes in and what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class TodoCreate(BaseModel):
    """The body of a creation."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=200)
    notes: str = Field(default="", max_length=10_000)
    priority: Literal["none", "low", "medium", "high"] = "none"
    due_at: datetime | None = None
    estimate_min: int | None = Field(default=None, ge=1, le=100_000)


class TodoRead(BaseModel):
    """A todo as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    list_id: UUID
    title: str
    notes: str
    completed: bool
    completed_at: datetime | None
    completed_by: str | None
    priority: str
    due_at: datetime | None
    estimate_min: int | None
    labels: list[Any]
    assignees: list[Any]
    blocked_by: list[Any]
    position: str
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    offset: int = Field(validation_alias="log_offset")


class TodoWritten(BaseModel):
    """The answer of a write."""

    todo: TodoRead
    offset: int
