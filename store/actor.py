"""Name who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["Actor"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Identify an authenticated person and the session (device) they act from.

    ``session`` is None for work the service does itself on a person's behalf. Usernames never
    change, so the name may come from the access token.
    """

    id: UUID
    username: str
    session: UUID | None = None
