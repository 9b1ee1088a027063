"""Let workers share what they project, and read whole lists to compare them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
HALF = "before"

STATEMENTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON leases TO lockstep_worker;
GRANT SELECT ON lists, members TO lockstep_worker;

ALTER TABLE leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE leases FORCE ROW LEVEL SECURITY;

CREATE POLICY leases_select_lockstep_worker ON leases FOR SELECT TO lockstep_worker USING (true);
CREATE POLICY leases_insert_lockstep_worker ON leases FOR INSERT TO lockstep_worker
  WITH CHECK (true);
CREATE POLICY leases_update_lockstep_worker ON leases FOR UPDATE TO lockstep_worker
  USING (true) WITH CHECK (true);
CREATE POLICY leases_delete_lockstep_worker ON leases FOR DELETE TO lockstep_worker USING (true);
CREATE POLICY lists_select_lockstep_worker ON lists FOR SELECT TO lockstep_worker USING (true);
CREATE POLICY members_select_lockstep_worker ON members FOR SELECT TO lockstep_worker USING (true);
"""


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            bind.exec_driver_sql(statement)
