"""Read in one statement what a decision needs: a list, or the list of a todo (PostgreSQL only).

Both act in the name of ``actor``, so that row-level security judges what they read. Each reads with
a single statement: READ COMMITTED gives every statement of a function a snapshot of its own, and a
list whose head and todos were of two moments would be wrong at its offset.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
HALF = "before"

# JSON as text, which no codec of a driver decodes first. NULL: no such list for this actor.
# ``todos`` is null when there are more than ``most``, the trash included. Times are spelled in UTC
# whatever the session's time zone is.
LOAD = """
CREATE FUNCTION lockstep_load(list uuid, actor uuid, most integer) RETURNS text
LANGUAGE plpgsql SET TimeZone = 'UTC' AS $$
DECLARE
    found_list text;
BEGIN
    PERFORM set_config('app.user_id', actor::text, true);
    SELECT json_build_object(
        'title', lists.title,
        'description', lists.description,
        'inbox', lists.inbox,
        'head', logs.head,
        'members', (
            SELECT json_agg(json_build_array(everyone.user_id, everyone.username, everyone.role))
            FROM members AS everyone WHERE everyone.list_id = list
        ),
        'todos', CASE WHEN (
            SELECT count(*) FROM (
                SELECT FROM todos WHERE todos.list_id = list LIMIT most + 1
            ) AS counted
        ) <= most THEN (
            SELECT coalesce(json_agg(todos), '[]') FROM todos WHERE todos.list_id = list
        ) END
    ) INTO found_list
    FROM lists
    JOIN members AS mine ON mine.list_id = lists.id AND mine.user_id = actor
    JOIN logs ON logs.kind = 0 AND logs.log_id = lists.id
    WHERE lists.id = list AND lists.deleted_at IS NULL;
    RETURN found_list;
END $$
"""

# NULL: no such todo for this actor.
HOME = """
CREATE FUNCTION lockstep_home(todo uuid, actor uuid) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.user_id', actor::text, true);
    RETURN (SELECT todos.list_id FROM todos WHERE todos.id = todo);
END $$
"""


def upgrade() -> None:
    """Apply this revision."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    bind.exec_driver_sql(LOAD)
    bind.exec_driver_sql(HOME)
    for signature in ("lockstep_load(uuid, uuid, integer)", "lockstep_home(uuid, uuid)"):
        bind.exec_driver_sql(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        bind.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {signature} TO lockstep_app")
