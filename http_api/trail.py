"""Follow one request through whatever works for it, for the log lines on its way."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import Scope
    from structlog.types import EventDict, WrappedLogger

__all__ = ["CURRENT", "Trail", "add_trail", "request_id_of", "trail_of"]


class Trail:
    """Collect what log lines say of one request.

    ``route`` is the path's template (no ids, no invite tokens), empty when nothing matched;
    ``user`` the id of who asked, None before they are known.
    """

    __slots__ = ("request_id", "route", "user")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.route = ""
        self.user: str | None = None


CURRENT: Final[ContextVar[Trail | None]] = ContextVar("lockstep_trail", default=None)
"""The request that the running code works for; tasks that it starts see the same."""


def trail_of(scope: Scope) -> Trail:
    """Give the request's trail, for the routes to add to."""
    trail = scope["lockstep.trail"]
    assert isinstance(trail, Trail)  # noqa: S101 - put there by the boundary, for every request
    return trail


def request_id_of(scope: Scope) -> str:
    """Give the request's id."""
    return trail_of(scope).request_id


def add_trail(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Add the request's id and its user to a log line, as a structlog processor."""
    trail = CURRENT.get()
    if trail is not None:
        event.setdefault("request_id", trail.request_id)
        if trail.user is not None:
            event.setdefault("user", trail.user)
    return event
