"""Tell in SQL which todos can be done now: open ones that wait for no open one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Uuid, and_, cast, exists, func, not_, or_, select

from store.tables import todos

__all__ = ["is_ready"]


def is_ready(*, postgresql: bool) -> ColumnElement[bool]:
    """Build the condition on ``todos``; blockers that are done, deleted or gone do not count.

    Computed when asked, from ``blocked_by``: a stored counter would make completing one todo a
    write to all that wait for it. Todos that wait for nothing, nearly all, cost no look-up.
    """
    other = todos.alias("blocker")
    found: ColumnElement[Any]
    if postgresql:
        waits_for = func.jsonb_array_elements_text(todos.c.blocked_by).table_valued("value")
        found = cast(waits_for.c.value, Uuid)
        none = func.jsonb_array_length(todos.c.blocked_by) == 0
    else:
        waits_for = func.json_each(todos.c.blocked_by).table_valued("value")
        found = func.replace(waits_for.c.value, "-", "")
        none = func.json_array_length(todos.c.blocked_by) == 0
    blocked = exists(
        select(1)
        .select_from(waits_for.join(other, other.c.id == found))
        .where(other.c.completed.is_(False), other.c.deleted_at.is_(None))
    )
    still_open = and_(todos.c.deleted_at.is_(None), todos.c.completed.is_(False))
    return and_(still_open, or_(none, not_(blocked)))
