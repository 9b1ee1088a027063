"""Hold what all connections of a replica share, and find out whose each of them is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from realtime import codes
from realtime.credentials import Credentials, TokenExpired, TokenInvalid
from realtime.effects import Authenticated, Failed, Outcome, Refused

if TYPE_CHECKING:
    from realtime.clock import Clock
    from realtime.connection import Connection
    from realtime.counts import Counts
    from realtime.deadlines import Deadlines
    from realtime.hub import Hub
    from realtime.limits import Limits
    from realtime.submit import Submit
    from realtime.tasks import Tasks

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """Hold what all connections of a replica share."""

    hub: Hub
    submit: Submit
    authenticate: Callable[[str], Credentials]
    is_revoked: Callable[[UUID | None, UUID, float], bool]
    in_touch: Callable[[], bool]
    clock: Clock
    limits: Limits
    tasks: Tasks
    deadlines: Deadlines[Connection]
    counts: Counts
    log: structlog.typing.FilteringBoundLogger  # bound: the lazy one binds anew at each call
    register: Callable[[Connection], None]
    unregister: Callable[[Connection], None]

    def identify(self, connection: Connection, token: str) -> Outcome:
        """Say whose token it is; the first good one makes the connection that person's."""
        try:
            credentials = self.authenticate(token)
        except TokenExpired:
            return Refused(expired=True)
        except TokenInvalid:
            return Refused(expired=False)
        if not self.in_touch():
            return Failed(codes.INTERNAL)  # the session may have ended without our knowing
        actor = credentials.actor
        if self.is_revoked(actor.session, actor.id, credentials.issued_at):
            return Refused(expired=False)
        first = connection.session.credentials is None
        left_s = credentials.expires_at - self.clock.now()
        if first:
            connection.session.credentials = credentials
            self.register(connection)  # from here on the end of the session closes this socket
            client, user = connection.session.client, connection.worker.info.user
            self.log.info("connection_opened", connection=client, user=user)
        return Authenticated(credentials, max(0.0, left_s))
