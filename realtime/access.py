"""Know whose connections live here, and close those whose session has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from realtime import codes
from realtime.few import Few, added, removed
from realtime.revocation import Revocation, Revocations, read_revocation
from store.log_id import LogId

if TYPE_CHECKING:
    from realtime.connection import Connection
    from realtime.publication import Publication
    from realtime.reads import LogSource

__all__ = ["Access"]

_log = structlog.get_logger("lockstep.realtime")


class Access:
    """Hold the connections of each user, and the sessions that ended in the last ``life_s`` s."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._revocations = Revocations(life_s)
        self._by_user: dict[UUID, Few[Connection]] = {}

    def is_revoked(self, session: UUID | None, user: UUID, issued_at: float) -> bool:
        """Tell whether a token's session was ended; no I/O. ``issued_at``: seconds since 1970."""
        return self._revocations.covers(session, user, issued_at)

    def admit(self, connection: Connection) -> None:
        """Take note of a connection that has shown whose it is."""
        credentials = connection.session.credentials
        if credentials is not None:
            user = credentials.actor.id
            self._by_user[user] = added(self._by_user.get(user, ()), connection)

    def forget(self, connection: Connection) -> None:
        """Forget a connection that went; one that was never admitted is none."""
        credentials = connection.session.credentials
        if credentials is None:
            return
        user = credentials.actor.id
        rest = removed(self._by_user.pop(user, ()), connection)
        if rest:
            self._by_user[user] = rest

    def heed(self, publication: Publication) -> None:
        """Close the sockets of a session that was ended, before anything else is sent to them."""
        try:
            revocation = read_revocation(publication.entry)
        except (KeyError, ValueError):
            _log.exception("control_entry_unreadable", offset=publication.offset)
            return
        if revocation is None:
            return
        self._revocations.add(revocation)
        for connection in tuple(self._by_user.get(revocation.user, ())):
            if _is_of(connection, revocation):
                connection.close(codes.INVALID_TOKEN)

    async def recall(self, store: LogSource, now: float) -> None:
        """Read which sessions ended before this replica began. Raises what the store raises."""
        before: int | None = None
        while True:
            read = await store.read_log_backward(LogId.CONTROL, None, before, limit=500)
            for entry in read.entries:
                revocation = read_revocation(entry)
                if revocation is not None and revocation.at < now - self._life_s:
                    return
                if revocation is not None:
                    self._revocations.add(revocation)
                before = entry.offset
            if not read.entries:
                return

    def sweep(self, now: float) -> None:
        """Drop what no living token needs any more; ``now`` in seconds since 1970."""
        self._revocations.forget(now)


def _is_of(connection: Connection, revocation: Revocation) -> bool:
    credentials = connection.session.credentials
    return credentials is not None and revocation.covers(
        credentials.actor.session, credentials.actor.id, credentials.issued_at
    )
