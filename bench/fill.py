"""Logs filled in bulk, with entries as the service itself writes them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.servers.postgresql import PostgreSQL

__all__ = ["fill_everything", "fill_log"]

_FILL_S = 170.0


def fill_log(postgresql: PostgreSQL, database: str, list_id: str, todo_id: str, count: int) -> int:
    """Add ``count`` copies of a todo's change to its list's log; give the head then.

    The last entry about the todo is the model. To be called while nobody follows the list.
    """
    statement = f"""
        WITH model AS (
            SELECT e.*, l.head FROM entries e JOIN logs l USING (kind, log_id)
            WHERE kind = 0 AND log_id = '{list_id}' AND type LIKE 'todo.%'
            ORDER BY log_offset DESC LIMIT 1
        ), filled AS (
            INSERT INTO entries (kind, log_id, log_offset, type, data)
            SELECT kind, log_id, head + number, 'todo.updated', convert_to(json_build_object(
                'type', 'todo.updated', 'op', gen_random_uuid(),
                'actor', convert_from(data, 'UTF8')::json -> 'actor',
                'at', convert_from(data, 'UTF8')::json -> 'at',
                'todo_id', '{todo_id}',
                'changes', json_build_object('title', 'number ' || number),
                'replaced', json_build_object())::text, 'UTF8')
            FROM model, generate_series(1, {count}) AS number
        )
        UPDATE logs SET head = head + {count}
        WHERE kind = 0 AND log_id = '{list_id}' RETURNING head
    """
    return int(postgresql.sql(statement, database=database)[0])


def fill_everything(postgresql: PostgreSQL, database: str, lists: list[str], count: int) -> None:
    """Fill up to ``count`` entries in all, spread over the lists, and as many operation ids.

    Fast (a minute for 5 million) where the cluster has ``wal_level=minimal``, because a table that
    is emptied and filled in one transaction then needs no log. To be called while nobody writes.
    """
    each = count // len(lists)
    ids = ", ".join(f"('{list_id}'::uuid)" for list_id in lists)
    # Ids that ascend, for the speed of the filling, yet lie everywhere between 0 and the largest,
    # so that a new random one falls anywhere among them.
    step = 2**63 // count
    op = f"(lpad(to_hex(n * {step}::bigint), 16, '0') || repeat('8', 16))::uuid"
    statements = f"""
        BEGIN;
        CREATE TEMP TABLE kept_entries AS SELECT * FROM entries;
        CREATE TEMP TABLE kept_ops AS SELECT * FROM ops;
        CREATE TEMP TABLE filled AS
            SELECT log_id, head FROM logs JOIN (VALUES {ids}) AS made (id) ON log_id = id
            WHERE kind = 0 ORDER BY log_id;
        TRUNCATE entries, ops;
        INSERT INTO entries SELECT * FROM kept_entries;
        INSERT INTO entries (kind, log_id, log_offset, type, data)
            SELECT 0, log_id, head + n, 'todo.updated', convert_to(repeat('x', 295), 'UTF8')
            FROM filled, generate_series(1, {each}) AS n;
        UPDATE logs SET head = head + {each} WHERE kind = 0 AND log_id IN
            (SELECT log_id FROM filled);
        ALTER TABLE ops DROP CONSTRAINT pk_ops;
        INSERT INTO ops SELECT * FROM kept_ops;
        INSERT INTO ops (user_id, op, digest, kind, log_id, log_offset, status, body)
            SELECT kept.user_id, {op}, convert_to(repeat('d', 32), 'UTF8'), 0,
                gen_random_uuid(), n, 200, convert_to(repeat('b', 200), 'UTF8')
            FROM (SELECT user_id FROM kept_ops LIMIT 1) AS kept,
                generate_series(1::bigint, {count}) AS n;
        ALTER TABLE ops ADD CONSTRAINT pk_ops PRIMARY KEY (user_id, op);
        COMMIT;
    """
    argv: list[str | Path] = [postgresql.binaries / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]
    argv += [postgresql.url(database, user="postgres"), "-c", statements]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=_FILL_S)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    for table in ("entries", "ops", "logs"):
        postgresql.sql(f"VACUUM ANALYZE {table}", database=database)
    postgresql.sql("CHECKPOINT")
    os.sync()  # what still waits for the disk would be measured as slow commits
