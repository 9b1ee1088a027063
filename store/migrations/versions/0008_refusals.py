"""Tell in one statement whether what was refused from memory is refused for good.

PostgreSQL only. Whoever is writing to the list is waited for, so that a command sent again while it
is being written elsewhere meets its first answer.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
HALF = "before"

# The head; NULL: no such list for this actor, or the operation id ``named`` was used before. Two
# statements, for the second one must see what was committed while the first one waited.
REFUSED_AT = """
CREATE FUNCTION lockstep_refused_at(list uuid, actor uuid, named uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    present bigint;
BEGIN
    PERFORM set_config('app.user_id', actor::text, true);
    SELECT head INTO present FROM logs WHERE kind = 0 AND log_id = list FOR SHARE;
    IF EXISTS (SELECT FROM ops WHERE ops.user_id = actor AND ops.op = named) THEN
        RETURN NULL;
    END IF;
    RETURN present;
END $$
"""


def upgrade() -> None:
    """Apply this revision."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    bind.exec_driver_sql(REFUSED_AT)
    signature = "lockstep_refused_at(uuid, uuid, uuid)"
    bind.exec_driver_sql(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    bind.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {signature} TO lockstep_app")
