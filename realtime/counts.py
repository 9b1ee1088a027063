"""Count what happens on one replica, in plain numbers that somebody else reads."""

from __future__ import annotations

from typing import Final

from realtime.durations import Durations

__all__ = ["CATCH_UPS", "DELIVERY_BOUNDS_S", "Counts"]

DELIVERY_BOUNDS_S: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
CATCH_UPS: Final = ("recovered", "unrecoverable", "failed")
"""How the resumption of a subscription may end."""


class Counts:
    """Hold the counters of one replica; all of them only grow, from 0 at the start of the process.

    There is one for all parts of a replica, and the parts add to it themselves: once for a whole
    fan-out, never for each socket of it. Nothing here looks at a clock or knows who reads.

    ``publications``: entries that feeds here took, in order, whether anybody followed or not.
    ``deliveries``: of these, how many times one was handed to a subscription. ``delivery_s``: how
    old each was then, by the time that it carries (``at``): those delivered live, and only them.
    ``slow_readers``: how many times what waited for a socket was dropped, because it did not read.
    ``gaps``: feeds found to be behind their log, or suspected of it; ``repairs``: reads made for
    them; ``failed_repairs``: reads that failed, until the next look at the heads.
    ``catch_ups``: resumed subscriptions by outcome. ``pages``: further reads for those who were far
    behind. ``refusals``: what clients were refused by socket, by (kind, code, text): the kind is
    ``error``, ``unsubscribe`` or ``close``. No key of it ever comes from a client.
    """

    __slots__ = (
        "catch_ups",
        "deliveries",
        "delivery_s",
        "failed_repairs",
        "gaps",
        "pages",
        "publications",
        "refusals",
        "repairs",
        "slow_readers",
    )

    def __init__(self) -> None:
        self.publications = 0
        self.deliveries = 0
        self.delivery_s = Durations(DELIVERY_BOUNDS_S)
        self.slow_readers = 0
        self.gaps = 0
        self.repairs = 0
        self.failed_repairs = 0
        self.catch_ups = dict.fromkeys(CATCH_UPS, 0)
        self.pages = 0
        self.refusals: dict[tuple[str, int, str], int] = {}

    def refused(self, kind: str, code: int, text: str) -> None:
        """Count one refusal."""
        key = (kind, code, text)
        self.refusals[key] = self.refusals.get(key, 0) + 1

    def resumed(self, recovered: bool | None) -> None:  # noqa: FBT001 - as ``Start`` has it
        """Count a subscription that began as ``Start.recovered`` says; None: it resumes nothing."""
        if recovered is not None:
            self.catch_ups["recovered" if recovered else "unrecoverable"] += 1

    def not_resumed(self, *, lost: bool) -> None:
        """Count a resumption answered with an error; ``lost``: that position is out of reach."""
        self.catch_ups["unrecoverable" if lost else "failed"] += 1
