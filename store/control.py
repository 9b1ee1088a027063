"""Write the control log: what every replica must hear of, and no client ever does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from store.append import Draft, append, lock_head
from store.log_id import LogId
from store.todo.model import instant

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.entry import Entry

__all__ = ["append_control", "session_revoked"]


def session_revoked(session: UUID | None, user: UUID, at: datetime) -> Draft:
    """Draft the end of a session; ``session`` None: of every session of the user, until ``at``."""
    data = {
        "type": "session.revoked",
        "session": None if session is None else str(session),
        "user": str(user),
        "at": instant(at),
    }
    return Draft(LogId.CONTROL, data)


async def append_control(connection: AsyncConnection, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
    """Append to the control log, in the caller's transaction of the AUTH pool.

    Rows are locked before this log's head, here and everywhere, so that none deadlock.
    """
    if not drafts:
        return ()
    head = await lock_head(connection, LogId.CONTROL)
    assert head is not None  # noqa: S101 - the first migration makes this log
    return await append(connection, head, drafts)
