"""Bind every table to the user in whose name it is read: row-level security, PostgreSQL only.

The policies are the second lock; the first is the code. ``lockstep_me()`` is the identity that the
unit of work set, NULL (never a wildcard) when none was. What a policy must know beyond its own row
comes from SECURITY DEFINER functions owned by ``lockstep_owner``, so that policies do not recurse;
each is wrapped in a sub-select so that it is evaluated once a statement, not once a row.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
HALF = "before"

ME = "(SELECT lockstep_me())"
# Spelled out rather than in a function: planned with the statement it costs a fifth (measured 52 us
# for one call of the function against some 10 us). The policy on members lets one's own rows
# through before it asks anything else, so this does not recurse.
MINE = f"IN (SELECT list_id FROM members WHERE user_id = {ME})"
FELLOWS = "ANY ((SELECT lockstep_my_lists())::uuid[])"

FUNCTIONS = f"""
CREATE FUNCTION lockstep_me() RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('app.user_id', true), '')::uuid $$;

CREATE FUNCTION lockstep_my_lists() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS
$$ SELECT coalesce(array_agg(list_id), '{{}}') FROM members WHERE user_id = {ME} $$;

CREATE FUNCTION lockstep_may_manage(list uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS
$$ SELECT EXISTS (SELECT FROM members WHERE list_id = list AND user_id = {ME} AND role = 'owner')
    OR (EXISTS (SELECT FROM lists WHERE id = list AND created_by = {ME} AND deleted_at IS NULL)
        AND NOT EXISTS (SELECT FROM members WHERE list_id = list)) $$;

CREATE FUNCTION lockstep_shares_list(person uuid) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT EXISTS (SELECT FROM members mine JOIN members theirs USING (list_id)
                  WHERE mine.user_id = {ME} AND theirs.user_id = person) $$;

CREATE FUNCTION lockstep_is_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS
$$ SELECT EXISTS (SELECT FROM users WHERE id = {ME} AND is_admin AND disabled_at IS NULL) $$;

CREATE FUNCTION lockstep_find_user(wanted text) RETURNS TABLE (id uuid, username varchar)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT id, username FROM users WHERE name_key = wanted AND disabled_at IS NULL $$;

REVOKE ALL ON FUNCTION lockstep_my_lists(), lockstep_may_manage(uuid), lockstep_shares_list(uuid),
    lockstep_is_admin(), lockstep_find_user(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lockstep_me(), lockstep_my_lists(), lockstep_may_manage(uuid),
    lockstep_shares_list(uuid), lockstep_is_admin(), lockstep_find_user(text) TO lockstep_app;
"""

# What each role may do at all; a policy then says to which rows.
GRANTS = """
GRANT SELECT ON epochs, alembic_version TO lockstep_app, lockstep_auth, lockstep_fanout;
GRANT SELECT, INSERT, UPDATE (head, read_up_to) ON logs TO lockstep_app;
GRANT SELECT, INSERT ON entries, ops TO lockstep_app;
GRANT SELECT, INSERT, UPDATE (display_name, email) ON users TO lockstep_app;
GRANT INSERT ON credentials TO lockstep_app;
GRANT SELECT, INSERT, UPDATE ON lists TO lockstep_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON members, todos TO lockstep_app;

GRANT SELECT, UPDATE ON users TO lockstep_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON credentials, sessions TO lockstep_auth;
GRANT SELECT, UPDATE (head) ON logs TO lockstep_auth;
GRANT SELECT, INSERT ON entries TO lockstep_auth;

GRANT SELECT ON logs, entries, members TO lockstep_fanout;
"""

LIST_LOG = f"kind = 0 AND log_id {MINE}"
OWN_LOG = f"kind = 1 AND log_id = {ME}"
INBOX = f"kind = 1 AND (log_id = {ME} OR lockstep_shares_list(log_id))"
EVERYONE = "kind = 2"
ADMIN = "kind = 2 AND (SELECT lockstep_is_admin())"
CONTROL = "kind = 3"

# (table, role, command, condition): one line a policy.
POLICIES = (
    ("epochs", "lockstep_app, lockstep_auth, lockstep_fanout", "SELECT", "true"),
    ("logs", "lockstep_app", "SELECT", f"({LIST_LOG}) OR ({INBOX}) OR {EVERYONE}"),
    ("logs", "lockstep_app", "INSERT", f"({LIST_LOG}) OR ({OWN_LOG})"),
    ("logs", "lockstep_app", "UPDATE", f"({LIST_LOG}) OR ({INBOX}) OR ({ADMIN})"),
    ("logs", "lockstep_auth", "SELECT", CONTROL),
    ("logs", "lockstep_auth", "UPDATE", CONTROL),
    ("logs", "lockstep_fanout", "SELECT", "true"),
    ("entries", "lockstep_app", "SELECT", f"({LIST_LOG}) OR ({OWN_LOG}) OR {EVERYONE}"),
    ("entries", "lockstep_app", "INSERT", f"({LIST_LOG}) OR ({INBOX}) OR ({ADMIN})"),
    ("entries", "lockstep_auth", "SELECT", CONTROL),
    ("entries", "lockstep_auth", "INSERT", CONTROL),
    ("entries", "lockstep_fanout", "SELECT", "true"),
    ("ops", "lockstep_app", "SELECT", f"user_id = {ME}"),
    ("ops", "lockstep_app", "INSERT", f"user_id = {ME}"),
    ("users", "lockstep_app", "SELECT", f"id = {ME} OR lockstep_shares_list(id)"),
    ("users", "lockstep_app", "INSERT", f"id = {ME} AND NOT is_admin AND disabled_at IS NULL"),
    ("users", "lockstep_app", "UPDATE", f"id = {ME}"),
    ("users", "lockstep_auth", "SELECT", "true"),
    ("users", "lockstep_auth", "UPDATE", "true"),
    ("users", "lockstep_owner", "SELECT", "true"),
    ("credentials", "lockstep_app", "INSERT", f"user_id = {ME}"),
    ("credentials", "lockstep_auth", "ALL", "true"),
    ("sessions", "lockstep_auth", "ALL", "true"),
    ("lists", "lockstep_app", "SELECT", f"id {MINE}"),
    ("lists", "lockstep_app", "INSERT", f"created_by = {ME}"),
    ("lists", "lockstep_app", "UPDATE", f"id {MINE}"),
    ("lists", "lockstep_owner", "SELECT", "true"),
    ("members", "lockstep_app", "SELECT", f"user_id = {ME} OR list_id = {FELLOWS}"),
    ("members", "lockstep_app", "INSERT", "lockstep_may_manage(list_id)"),
    ("members", "lockstep_app", "UPDATE", "lockstep_may_manage(list_id)"),
    ("members", "lockstep_app", "DELETE", f"user_id = {ME} OR lockstep_may_manage(list_id)"),
    ("members", "lockstep_fanout", "SELECT", "true"),
    ("members", "lockstep_owner", "SELECT", "true"),
    ("todos", "lockstep_app", "SELECT", f"list_id {MINE}"),
    ("todos", "lockstep_app", "INSERT", f"list_id {MINE}"),
    ("todos", "lockstep_app", "UPDATE", f"list_id {MINE}"),
    ("todos", "lockstep_app", "DELETE", f"list_id {MINE}"),
)


def _policy(table: str, roles: str, command: str, condition: str) -> str:
    clauses = {
        "SELECT": f"USING ({condition})",
        "DELETE": f"USING ({condition})",
        "INSERT": f"WITH CHECK ({condition})",
    }.get(command, f"USING ({condition}) WITH CHECK ({condition})")
    name = f"{table}_{command}_{roles.split(',', maxsplit=1)[0]}".lower()
    return f"CREATE POLICY {name} ON {table} FOR {command} TO {roles} {clauses}"


def upgrade() -> None:
    """Apply this revision; SQLite has no roles and no policies."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    statements = [*FUNCTIONS.split(";\n"), *GRANTS.split(";\n")]
    for table in dict.fromkeys(table for table, *_ in POLICIES):
        statements.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        statements.append(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    statements.extend(_policy(*policy) for policy in POLICIES)
    for statement in statements:
        if statement.strip():
            bind.exec_driver_sql(statement)
