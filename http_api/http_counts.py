"""Count the requests of one process, how long they took and what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from http_api.socket_door import STREAM_PATH
from realtime.durations import Durations

if TYPE_CHECKING:
    from store.errors import LockstepError

__all__ = ["HttpCounts"]

# Few, for each is a line of every route on the page.
_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_OTHER: Final = "other"
_NO_ROUTE: Final = "none"


class HttpCounts:
    """Hold the counters of the HTTP edge; all of them only grow, from 0 at the process' start.

    ``requests`` by (method, route, status), ``durations`` by (method, route), ``refusals`` by the
    code of the problem. Their keys are few whatever is asked for: a route is a template of the
    table, ``none`` where nothing matched, and methods that no route knows are one, ``other``. An
    answer that lasts as long as its client is connected has no duration.
    """

    __slots__ = ("durations", "refusals", "requests")

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], int] = {}
        self.durations: dict[tuple[str, str], Durations] = {}
        self.refusals: dict[str, int] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request that is over. ``route`` empty: nothing matched."""
        if method not in _METHODS:
            method = _OTHER
        route = route or _NO_ROUTE
        key = (method, route, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        if route == STREAM_PATH:
            return
        took = self.durations.get((method, route))
        if took is None:
            took = self.durations[method, route] = Durations(_BOUNDS_S)
        took.add(seconds)

    def refused(self, refusal: LockstepError) -> None:
        """Count one problem that a request was answered with."""
        self.refusals[refusal.code] = self.refusals.get(refusal.code, 0) + 1
