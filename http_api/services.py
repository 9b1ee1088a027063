"""Hold what the routes work with: the parts that the composition root put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api.identity import Identity
    from http_api.inboxes import Inboxes
    from http_api.metrics import Metrics
    from http_api.origins import OriginPolicy
    from http_api.settings import Settings
    from realtime.credentials import Credentials
    from realtime.replica import Replica
    from realtime.snapshots import Snapshots
    from store.graph.advisor import Advisor
    from store.invites import Invites
    from store.store import Store

__all__ = ["Services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Bundle one server process' parts; made once at start, the same for every request.

    ``authenticate`` turns an access token into credentials without I/O, or raises TokenExpired or
    TokenInvalid.
    """

    settings: Settings
    store: Store
    replica: Replica
    authenticate: Callable[[str], Credentials]
    origins: OriginPolicy
    inboxes: Inboxes
    identity: Identity
    invites: Invites
    snapshots: Snapshots
    advisor: Advisor
    metrics: Metrics
