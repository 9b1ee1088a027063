"""List every endpoint of the service, in the order in which the reference shows them."""

from __future__ import annotations

from typing import Final

from http_api.endpoint import Endpoint
from http_api.routes import (
    auth,
    broadcasts,
    commands,
    graph,
    health,
    invites,
    lists,
    me,
    members,
    messages,
    metrics,
    page,
    search,
    streams,
    todos,
)
from http_api.routes.docs import reference_endpoints

__all__ = ["ENDPOINTS"]

_DESCRIBED: Final[tuple[Endpoint, ...]] = (
    *auth.ENDPOINTS,
    *me.ENDPOINTS,
    *lists.ENDPOINTS,
    *members.ENDPOINTS,
    *invites.ENDPOINTS,
    *search.ENDPOINTS,
    *todos.ENDPOINTS,
    *commands.ENDPOINTS,
    *graph.ENDPOINTS,
    *messages.ENDPOINTS,
    *broadcasts.ENDPOINTS,
    *streams.ENDPOINTS,
    *health.ENDPOINTS,
    *metrics.ENDPOINTS,
    *page.ENDPOINTS,
)

ENDPOINTS: Final = (*_DESCRIBED, *reference_endpoints(_DESCRIBED))
