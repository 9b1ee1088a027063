"""Logs filled in bulk, with entries as the service itself writes them."""

from __future__ import annotations

from tests.servers.postgresql import PostgreSQL

__all__ = ["fill_log"]


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
