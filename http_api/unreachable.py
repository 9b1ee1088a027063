"""Say in a sentence that the database cannot be used, and what to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = ["LOOKS_CLOSER", "why_unreachable"]

LOOKS_CLOSER: Final = "`lockstep doctor` looks closer."
"""Ends a sentence about a server that cannot be used."""


def why_unreachable(settings: Settings, error: Exception) -> str:
    """Name the database, what its driver or the system said, and what to do; no password."""
    # SQLAlchemy wraps what the driver said; the driver's own words are the useful ones.
    said = getattr(error, "orig", None) or getattr(error, "strerror", None) or type(error).__name__
    reason = str(said).partition(">: ")[2] or str(said)
    if settings.production:
        return (
            f"{settings.database_shown} cannot be reached ({reason}). Is it running, and is "
            f"LOCKSTEP_DATABASE_URL right? {LOOKS_CLOSER}"
        )
    place = "DATA_DIR" if settings.database_url is None else "DATABASE_URL"
    return (
        f"{settings.database_shown} cannot be opened ({reason}). It must be a SQLite file, or none "
        f"yet, in a directory that this user may write; LOCKSTEP_{place} says where it is."
    )
