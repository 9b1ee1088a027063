"""The tables, as far as creating a todo touches them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, ForeignKey, LargeBinary, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

LIST_LOG = 0


class Base(DeclarativeBase):
    """Hold the metadata of all models."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class User(Base):
    """A person with an account."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    disabled_at: Mapped[datetime | None]


class Member(Base):
    """A person's role in a list."""

    __tablename__ = "members"

    list_id: Mapped[UUID] = mapped_column(ForeignKey("lists.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(8))


class TodoList(Base):
    """A list."""

    __tablename__ = "lists"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    deleted_at: Mapped[datetime | None]


class Log(Base):
    """The head of a list's change log."""

    __tablename__ = "logs"

    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    log_id: Mapped[UUID] = mapped_column(primary_key=True)
    head: Mapped[int] = mapped_column(BigInteger)


class Entry(Base):
    """One change in a log."""

    __tablename__ = "entries"

    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    log_id: Mapped[UUID] = mapped_column(primary_key=True)
    log_offset: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    type: Mapped[str] = mapped_column(String(32))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Operation(Base):
    """The answer that a client's operation id had, for when it asks again."""

    __tablename__ = "ops"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    op: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[int] = mapped_column(SmallInteger)
    log_id: Mapped[UUID]
    log_offset: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Todo(Base):
    """A thing to do."""

    __tablename__ = "todos"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    list_id: Mapped[UUID] = mapped_column(ForeignKey("lists.id"))
    title: Mapped[str] = mapped_column(Text)
    notes: Mapped[str] = mapped_column(Text, default="")
    completed: Mapped[bool] = mapped_column(default=False)
    completed_at: Mapped[datetime | None]
    completed_by: Mapped[str | None] = mapped_column(String(64))
    priority: Mapped[str] = mapped_column(String(6), default="none")
    due_at: Mapped[datetime | None]
    estimate_min: Mapped[int | None]
    labels: Mapped[list[Any]] = mapped_column(default=list)
    assignees: Mapped[list[Any]] = mapped_column(default=list)
    blocked_by: Mapped[list[Any]] = mapped_column(default=list)
    position: Mapped[str] = mapped_column(Text)
    created_by: Mapped[UUID]
    created_by_name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    log_offset: Mapped[int] = mapped_column(BigInteger)
    writers: Mapped[dict[str, Any]] = mapped_column(default=dict)
