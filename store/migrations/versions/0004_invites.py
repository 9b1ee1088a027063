"""Let lists be shared by link, and let the worker empty the trash."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
HALF = "before"

ME = "(SELECT lockstep_me())"
HELD = "(SELECT lockstep_invite())"

FUNCTIONS = f"""
CREATE FUNCTION lockstep_invite() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('app.invite', true), '') $$;

CREATE FUNCTION lockstep_opens(list uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS
$$ SELECT EXISTS (SELECT FROM invites WHERE list_id = list AND digest = {HELD}
    AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())) $$;

CREATE FUNCTION lockstep_owns(list uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS
$$ SELECT EXISTS (SELECT FROM members
    WHERE list_id = list AND user_id = {ME} AND role = 'owner') $$;

REVOKE ALL ON FUNCTION lockstep_opens(uuid), lockstep_owns(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lockstep_opens(uuid), lockstep_owns(uuid) TO lockstep_app;

GRANT SELECT, INSERT, UPDATE (uses_left, revoked_at) ON invites TO lockstep_app;
GRANT SELECT ON epochs TO lockstep_worker;
GRANT SELECT, DELETE ON todos TO lockstep_worker;
GRANT SELECT, UPDATE (head) ON logs TO lockstep_worker;
GRANT SELECT, INSERT ON entries TO lockstep_worker;

ALTER TABLE invites ENABLE ROW LEVEL SECURITY;
ALTER TABLE invites FORCE ROW LEVEL SECURITY;
"""

POLICIES = (
    ("invites", "lockstep_app", "SELECT", f"lockstep_owns(list_id) OR digest = {HELD}"),
    ("invites", "lockstep_app", "INSERT", "lockstep_owns(list_id)"),
    ("invites", "lockstep_app", "UPDATE", f"lockstep_owns(list_id) OR digest = {HELD}"),
    ("invites", "lockstep_owner", "SELECT", "true"),
    # With a token in hand one sees the list it opens, joins it, and only in one's own name.
    (
        "logs",
        "lockstep_app",
        "SELECT",
        f"{HELD} IS NOT NULL AND kind = 0 AND lockstep_opens(log_id)",
    ),
    (
        "logs",
        "lockstep_app",
        "UPDATE",
        f"{HELD} IS NOT NULL AND kind = 0 AND lockstep_opens(log_id)",
    ),
    ("lists", "lockstep_app", "SELECT", f"{HELD} IS NOT NULL AND lockstep_opens(id)"),
    (
        "members",
        "lockstep_app",
        "INSERT",
        f"{HELD} IS NOT NULL AND user_id = {ME} AND role <> 'owner' AND lockstep_opens(list_id)",
    ),
    ("members", "lockstep_app", "SELECT", f"{HELD} IS NOT NULL AND lockstep_opens(list_id)"),
    ("epochs", "lockstep_worker", "SELECT", "true"),
    ("todos", "lockstep_worker", "SELECT", "true"),
    ("todos", "lockstep_worker", "DELETE", "deleted_at IS NOT NULL"),
    ("logs", "lockstep_worker", "SELECT", "true"),
    ("logs", "lockstep_worker", "UPDATE", "kind = 0"),
    ("entries", "lockstep_worker", "SELECT", "true"),
    ("entries", "lockstep_worker", "INSERT", "kind = 0 AND type = 'todo.purged'"),
)


def _policy(number: int, table: str, role: str, command: str, condition: str) -> str:
    clauses = {
        "SELECT": f"USING ({condition})",
        "DELETE": f"USING ({condition})",
        "INSERT": f"WITH CHECK ({condition})",
    }.get(command, f"USING ({condition}) WITH CHECK ({condition})")
    name = f"{table}_{command}_{role}_{number}".lower()
    return f"CREATE POLICY {name} ON {table} FOR {command} TO {role} {clauses}"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "invites",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uses_left", sa.Integer(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('owner', 'editor', 'viewer')", name=op.f("ck_invites_known_role")
        ),
        sa.CheckConstraint("uses_left >= 0", name=op.f("ck_invites_uses_not_negative")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("fk_invites_list_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
        sa.UniqueConstraint("digest", name=op.f("uq_invites_digest")),
    )
    op.create_index(op.f("ix_invites_list_id"), "invites", ["list_id"], unique=False)
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    statements = FUNCTIONS.split(";\n")
    statements.extend(_policy(number, *policy) for number, policy in enumerate(POLICIES))
    for statement in statements:
        if statement.strip():
            bind.exec_driver_sql(statement)
