"""Serve the table of endpoints: match, authenticate, call the handler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from http_api.call import Call
from http_api.cross_site import refuse_cross_site
from http_api.endpoint import API
from http_api.refusals import MethodNotAllowed
from http_api.trail import trail_of
from realtime.credentials import TokenExpired, TokenInvalid
from store.errors import Invalid, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from http_api.endpoint import Endpoint
    from http_api.services import Services
    from realtime.credentials import Credentials

__all__ = ["authenticated", "routes_of"]


class _NoQuery(BaseModel):
    """Take no query parameter at all."""

    model_config = ConfigDict(extra="forbid")


def routes_of(endpoints: Iterable[Endpoint], services: Callable[[], Services]) -> list[BaseRoute]:
    """Make one route per path, in the order of first mention; ``services`` is asked per request.

    Raises ValueError when two endpoints have the same method and path.
    """
    paths: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        methods = paths.setdefault(endpoint.path, {})
        if endpoint.method in methods:
            message = f"{endpoint.method} {endpoint.path} is in the table twice"
            raise ValueError(message)
        methods[endpoint.method] = endpoint
    return [Route(path, _Path(path, methods, services)) for path, methods in paths.items()]


class _Path:
    """Serve all methods of one path, as an ASGI app."""

    def __init__(
        self, path: str, methods: Mapping[str, Endpoint], services: Callable[[], Services]
    ) -> None:
        self._path = path
        # A HEAD is a GET whose body the server leaves out (RFC 9110 section 9.3.2).
        self._methods = {**methods, **({"HEAD": methods["GET"]} if "GET" in methods else {})}
        self._services = services
        # Pages may be asked for with whatever somebody hangs onto a link.
        self._strict = path.startswith(f"{API}/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trail = trail_of(scope)
        trail.route = self._path
        endpoint = self._methods.get(scope["method"])
        if endpoint is None:
            raise MethodNotAllowed(self._methods)
        services = self._services()
        refuse_cross_site(scope, services.origins)
        request = Request(scope, receive)
        credentials = None
        if not endpoint.public:
            credentials = authenticated(request, services)
            trail.user = str(credentials.actor.id)
        call = Call(request, services, credentials, trail.request_id)
        if self._strict:
            if endpoint.query is None and scope["query_string"]:
                call.query(_NoQuery)
            if endpoint.method != "GET":
                _refuse_vain_conditions(scope, conditional=endpoint.conditional)
        response = await endpoint.handler(call)
        await response(scope, receive, send)


def _refuse_vain_conditions(scope: Scope, *, conditional: bool) -> None:
    """Raise Invalid for a condition that a write would not heed: it must not be done regardless."""
    for name, _ in scope["headers"]:
        if name == b"if-match" and not conditional:
            raise Invalid([("If-Match", "is understood where the answer has an ETag only")])
        if name == b"if-none-match":
            raise Invalid([("If-None-Match", "is understood where something is read only")])


def authenticated(request: Request, services: Services) -> Credentials:
    """Tell who asks, by the access token in the Authorization field (RFC 6750 section 2.1).

    Without I/O. Raises Unauthenticated, or Unavailable on a server that is cut off from the
    database: the session might have ended without its knowing.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send an access token in the field Authorization: Bearer <token>.")
    try:
        credentials = services.authenticate(token.strip())
    except TokenExpired:
        message = "The access token has expired; get another with the refresh token."
        raise Unauthenticated(message, code="token_expired") from None
    except TokenInvalid:
        raise Unauthenticated("The access token is not valid.", code="token_invalid") from None
    if not services.replica.in_touch:
        raise Unavailable("This server is cut off from its database; try again shortly.")
    actor = credentials.actor
    if actor.session is None or services.replica.is_revoked(
        actor.session, actor.id, credentials.issued_at
    ):
        message = "This session has ended; log in again."
        raise Unauthenticated(message, code="token_invalid")
    return credentials
