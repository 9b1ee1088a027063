"""Let the worker take what is purged out of the dependencies of other todos."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
HALF = "before"

STATEMENTS = """
GRANT UPDATE (blocked_by, updated_at, log_offset) ON todos TO lockstep_worker;

CREATE POLICY todos_update_lockstep_worker ON todos FOR UPDATE TO lockstep_worker
  USING (true) WITH CHECK (true);
CREATE POLICY entries_insert_lockstep_worker_unblocked ON entries FOR INSERT TO lockstep_worker
  WITH CHECK (kind = 0 AND type = 'todo.unblocked');
"""


def upgrade() -> None:
    """Apply this revision; SQLite has no roles and no policies."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            bind.exec_driver_sql(statement)
