"""Describe every table once, for both engines; the migrations must arrive at exactly this."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

__all__ = [
    "Moment",
    "credentials",
    "entries",
    "epochs",
    "invites",
    "leases",
    "lists",
    "logs",
    "members",
    "metadata",
    "ops",
    "sessions",
    "todos",
    "users",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """Keep an aware UTC time; SQLite drops the zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment as aware UTC; None stays None."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# A JSON document: binary on PostgreSQL, text on SQLite.
Document: Any = JSON().with_variant(JSONB(), "postgresql")
# Bytewise order on both engines: fractional keys and comparison keys are not words of a language.
Bytewise: Any = Text().with_variant(Text(collation="C"), "postgresql")

epochs = Table(
    "epochs",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("epoch", String(32), nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

logs = Table(
    "logs",
    metadata,
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("log_id", Uuid, primary_key=True),
    Column("head", BigInteger, nullable=False, server_default="0"),
    Column("floor", BigInteger, nullable=False, server_default="0"),
    Column("read_up_to", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("head >= floor AND floor >= 0", name="head_above_floor"),
)

entries = Table(
    "entries",
    metadata,
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("log_id", Uuid, primary_key=True),
    Column("log_offset", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String(32), nullable=False),
    Column("subject", Uuid),
    Column("trace", String(32)),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint("log_offset > 0", name="offset_from_one"),
)
# Messages of a list or an inbox are entries of one type; this index pages through them alone.
Index(
    "ix_entries_messages",
    entries.c.kind,
    entries.c.log_id,
    entries.c.log_offset,
    postgresql_where=text("type IN ('message.posted', 'message.received', 'broadcast.posted')"),
    sqlite_where=text("type IN ('message.posted', 'message.received', 'broadcast.posted')"),
)

ops = Table(
    "ops",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("op", Uuid, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("log_id", Uuid, nullable=False),
    Column("log_offset", BigInteger, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("username", String(64), nullable=False),
    Column("name_key", Bytewise, nullable=False, unique=True),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("email", Text),
    Column("is_admin", Boolean, nullable=False, server_default=text("false")),
    Column("disabled_at", Moment),
    Column("inbox_id", Uuid, nullable=False),
    Column("created_at", Moment, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("device", String(200), nullable=False, server_default=""),
    Column("generation", Integer, nullable=False, server_default="1"),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=False),
    Column("rotated_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

lists = Table(
    "lists",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("inbox", Boolean, nullable=False, server_default=text("false")),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("deleted_at", Moment),
)

members = Table(
    "members",
    metadata,
    Column("list_id", Uuid, ForeignKey("lists.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Uuid, primary_key=True, index=True),
    Column("username", String(64), nullable=False),
    Column("role", String(8), nullable=False),
    Column("joined_offset", BigInteger, nullable=False),
    CheckConstraint("role IN ('owner', 'editor', 'viewer')", name="known_role"),
)

todos = Table(
    "todos",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("list_id", Uuid, ForeignKey("lists.id", ondelete="CASCADE"), nullable=False),
    Column("title", Text, nullable=False),
    Column("notes", Text, nullable=False, server_default=""),
    Column("completed", Boolean, nullable=False, server_default=text("false")),
    Column("completed_at", Moment),
    Column("completed_by", String(64)),
    Column("priority", String(6), nullable=False, server_default="none"),
    Column("due_at", Moment),
    Column("estimate_min", Integer),
    Column("labels", Document, nullable=False),
    Column("assignees", Document, nullable=False),
    Column("blocked_by", Document, nullable=False),
    Column("position", Bytewise, nullable=False),
    Column("created_by", Uuid, nullable=False),
    Column("created_by_name", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    Column("log_offset", BigInteger, nullable=False),
    Column("writers", Document, nullable=False),
    CheckConstraint("priority IN ('none', 'low', 'medium', 'high')", name="known_priority"),
    CheckConstraint("estimate_min BETWEEN 1 AND 100000", name="estimate_in_range"),
)
# The order of a list, the neighbours of an insertion and its end. The trash counts too, so that a
# restored todo finds its old place free.
Index("uq_todos_order", todos.c.list_id, todos.c.position, unique=True)
Index(
    "ix_todos_trash",
    todos.c.list_id,
    todos.c.deleted_at,
    postgresql_where=text("deleted_at IS NOT NULL"),
    sqlite_where=text("deleted_at IS NOT NULL"),
)

invites = Table(
    "invites",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("list_id", Uuid, ForeignKey("lists.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(8), nullable=False),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("uses_left", Integer),
    Column("revoked_at", Moment),
    CheckConstraint("role IN ('owner', 'editor', 'viewer')", name="known_role"),
    CheckConstraint("uses_left >= 0", name="uses_not_negative"),
)

# Who does which piece of the work that belongs to no request, see store.leases.
leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
)
