"""Count anybody's memberships, and lock anybody's inbox, before sharing a list with them.

PostgreSQL only. Row-level security rightly hides both from whoever adds a person to a first common
list, yet the bound on lists and the one order of locks must hold there too. Neither function tells
or changes anything else.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
HALF = "before"

LISTS_HELD = """
CREATE FUNCTION lockstep_lists_held(person uuid) RETURNS bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT count(*) FROM members WHERE user_id = person $$
"""
# Locked in the order in which the sort leaves them.
LOCK_INBOXES = """
CREATE FUNCTION lockstep_lock_inboxes(name_keys text[], people uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM FROM logs WHERE kind = 1 AND log_id = ANY (
        ARRAY(SELECT id FROM users WHERE name_key = ANY (name_keys)) || people
    ) ORDER BY log_id FOR UPDATE;
END $$
"""


def upgrade() -> None:
    """Apply this revision; SQLite has no policies, and one writer."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    # A lock asks for both; written is nothing.
    for command, check in (("SELECT", ""), ("UPDATE", "WITH CHECK (false)")):
        name = f"logs_{command.lower()}_lockstep_owner"
        bind.exec_driver_sql(
            f"CREATE POLICY {name} ON logs FOR {command} TO lockstep_owner USING (kind = 1) {check}"
        )
    bind.exec_driver_sql(LISTS_HELD)
    bind.exec_driver_sql(LOCK_INBOXES)
    for signature in ("lockstep_lists_held(uuid)", "lockstep_lock_inboxes(text[], uuid[])"):
        bind.exec_driver_sql(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        bind.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {signature} TO lockstep_app")
