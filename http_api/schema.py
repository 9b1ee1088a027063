"""Compare the schema of the database with the one that this code was written for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from store.database import Pool
from store.migrate import newest_revision, revision_of

if TYPE_CHECKING:
    from store.store import Store

__all__ = ["NEWEST_REVISION", "schema_revision"]

NEWEST_REVISION: Final = newest_revision()
"""The revision that this code needs; it does not change while the process lives."""


async def schema_revision(store: Store) -> str | None:
    """Name the revision that the database is at; None: none. Raises Unavailable."""
    return await store.database.transact(Pool.APP, None, revision_of, read_only=True)
