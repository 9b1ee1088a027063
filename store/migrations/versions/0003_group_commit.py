"""Commit the commands of one list in one statement: PostgreSQL only.

The caller decided the commands against the list at offset ``expected``. Under the head's lock that
is either still the list as it is, and then all is written, or it is not, and then nothing is: the
head found comes back (-1: none to be seen), and the caller looks again. Unless ``patient``, a list
that another transaction is writing to is left alone: -2. Entries and operation ids are written in
the name of the user who acted, so that row-level security judges each for itself.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
HALF = "before"

COLUMNS = (
    "title, notes, completed, completed_at, completed_by, priority, due_at, estimate_min, labels,"
    " assignees, blocked_by, position, updated_at, deleted_at, log_offset, writers"
)
KEPT = "id, list_id, created_by, created_by_name, created_at"
NEW_VALUES = ", ".join(f"made.{name.strip()}" for name in COLUMNS.split(","))

COMMIT = f"""
CREATE FUNCTION lockstep_commit(
    list uuid, expected bigint, after bigint,
    actors uuid[], offsets bigint[], types text[], datas bytea[], traces text[],
    op_ids uuid[], digests bytea[], statuses smallint[], bodies bytea[],
    new_todos jsonb, changed_todos jsonb, patient boolean
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    present bigint;
    me uuid;
BEGIN
    PERFORM set_config('app.user_id', actors[1]::text, true);
    IF NOT patient THEN
        -- Several lists share this transaction: none of them waits for one that is being written.
        PERFORM FROM logs WHERE kind = 0 AND log_id = list FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN -2;
        END IF;
    END IF;
    -- Locks the head and moves it in one step, if it stands where it is expected.
    UPDATE logs SET head = after WHERE kind = 0 AND log_id = list AND head = expected;
    IF NOT FOUND THEN
        SELECT head INTO present FROM logs WHERE kind = 0 AND log_id = list;
        RETURN coalesce(present, -1);
    END IF;
    FOR me IN SELECT DISTINCT unnest(actors) LOOP
        PERFORM set_config('app.user_id', me::text, true);
        INSERT INTO entries (kind, log_id, log_offset, type, trace, data)
        SELECT 0, list, made.log_offset, made.type, made.trace, made.data
        FROM unnest(actors, offsets, types, traces, datas)
            AS made (actor, log_offset, type, trace, data)
        WHERE made.actor = me AND made.data IS NOT NULL;
        INSERT INTO ops (user_id, op, digest, kind, log_id, log_offset, status, body)
        SELECT me, made.op, made.digest, 0, list, made.log_offset, made.status, made.body
        FROM unnest(actors, op_ids, digests, offsets, statuses, bodies)
            AS made (actor, op, digest, log_offset, status, body)
        WHERE made.actor = me AND made.op IS NOT NULL;
    END LOOP;
    IF new_todos IS NOT NULL THEN
        INSERT INTO todos ({KEPT}, {COLUMNS})
        SELECT {KEPT}, {COLUMNS} FROM jsonb_populate_recordset(NULL::todos, new_todos);
    END IF;
    IF changed_todos IS NOT NULL THEN
        UPDATE todos SET ({COLUMNS}) = ({NEW_VALUES})
        FROM jsonb_populate_recordset(NULL::todos, changed_todos) AS made
        WHERE todos.id = made.id AND todos.list_id = list;
    END IF;
    RETURN expected;
END $$
"""


def upgrade() -> None:
    """Apply this revision."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    bind.exec_driver_sql(COMMIT)
    signature = (
        "lockstep_commit(uuid, bigint, bigint, uuid[], bigint[], text[], bytea[], text[], uuid[],"
        " bytea[], smallint[], bytea[], jsonb, jsonb, boolean)"
    )
    bind.exec_driver_sql(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    bind.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {signature} TO lockstep_app")
