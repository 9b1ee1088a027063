"""Remember ended sessions for as long as an access token could outlive them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson

from store.entry import Entry

__all__ = ["Revocation", "Revocations", "read_revocation"]


class Revocation:
    """Hold whose session ended at ``at`` (seconds since 1970); ``session`` None: all until then."""

    __slots__ = ("at", "session", "user")

    def __init__(self, user: UUID, session: UUID | None, at: float) -> None:
        self.user = user
        self.session = session
        self.at = at

    def covers(self, session: UUID | None, user: UUID, issued_at: float) -> bool:
        """Tell whether a token of ``session`` of ``user``, issued at ``issued_at``, is refused."""
        if user != self.user:
            return False
        return issued_at <= self.at if self.session is None else session == self.session


def read_revocation(entry: Entry) -> Revocation | None:
    """Read an entry of the control log; None when it is about something else."""
    if entry.type != "session.revoked":
        return None
    data = orjson.loads(entry.data)
    session = data.get("session")
    at = datetime.fromisoformat(data["at"]).timestamp()
    return Revocation(UUID(data["user"]), None if session is None else UUID(session), at)


class Revocations:
    """Hold the revocations of the last ``life_s`` seconds: older tokens are expired anyway."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._sessions: dict[UUID, Revocation] = {}
        self._users: dict[UUID, Revocation] = {}

    def add(self, revocation: Revocation) -> None:
        """Take one in."""
        if revocation.session is not None:
            self._sessions[revocation.session] = revocation
            return
        known = self._users.get(revocation.user)
        if known is None or known.at < revocation.at:
            self._users[revocation.user] = revocation

    def covers(self, session: UUID | None, user: UUID, issued_at: float) -> bool:
        """Tell whether a token of ``session`` of ``user``, issued at ``issued_at``, is refused."""
        found = self._users.get(user)
        if found is not None and found.covers(session, user, issued_at):
            return True
        return session is not None and session in self._sessions

    def forget(self, now: float) -> None:
        """Drop what no living token needs any more; ``now`` in seconds since 1970."""
        oldest = now - self._life_s
        for known in (self._sessions, self._users):
            for key in [key for key, item in known.items() if item.at < oldest]:
                del known[key]
