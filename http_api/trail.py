"""Follow one request through whatever works for it, for the log lines on its way."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from store.log_id import LogKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from starlette.types import Scope
    from structlog.types import EventDict, WrappedLogger

    from store.committed import Committed

__all__ = ["CURRENT", "Trail", "add_trail", "request_id_of", "trail_of"]


class Trail:
    """Collect what log lines say of one request.

    ``route`` is the path's template (no ids, no invite tokens), empty when nothing matched;
    ``user`` the id of who asked, None before they are known; ``list`` the id of the list that it
    is about, None for none or several; ``offset`` the one that a write answered with, else None.
    """

    __slots__ = ("list", "offset", "request_id", "route", "user")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.route = ""
        self.user: str | None = None
        self.list: str | None = None
        self.offset: int | None = None

    def wrote(self, committed: Iterable[Committed]) -> None:
        """Note what a request has written, unless it was to several lists."""
        offset: int | None = None
        lists: set[UUID] = set()
        for one in committed:
            offset = one.position.offset
            lists.update(each.log.key for each in one.entries if each.log.kind is LogKind.LIST)
        if len(lists) > 1:
            return
        self.offset = offset
        if lists:
            self.list = str(lists.pop())


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
    """Add what is known of the request to a log line, as a structlog processor."""
    trail = CURRENT.get()
    if trail is not None:
        event.setdefault("request_id", trail.request_id)
        for name in ("user", "list", "offset"):
            known = getattr(trail, name)
            if known is not None:
                event.setdefault(name, known)
    return event
