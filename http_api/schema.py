"""Compare the schema of the database with the one that this code was written for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from store.database import Pool
from store.migrate import revision_of
from store.revisions import Revisions

if TYPE_CHECKING:
    from store.store import Store

__all__ = ["REVISIONS", "schema_revision"]

REVISIONS: Final = Revisions()
"""What this code knows of the schema; it does not change while the process lives."""


async def schema_revision(store: Store) -> str | None:
    """Name the revision that the database is at; None: none. Raises Unavailable."""
    return await store.database.transact(Pool.APP, None, revision_of, read_only=True)
