"""Let the pages of allowed origins read answers, and tell browsers what they may send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from http_api.boundary import Boundary
from http_api.http_counts import HttpCounts
from http_api.refusals import CrossSite

__all__ = ["CrossOrigin"]

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SENT_FIELDS: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Request-ID",
)
_SHOWN_FIELDS: Final = ("ETag", "Idempotent-Replay", "Retry-After", "X-Request-ID")


class CrossOrigin(CORSMiddleware):
    """Wrap the app for pages of ``origins``; the refusals of ``app`` are theirs to read, too.

    No credentials: the cookie is for our own page alone. A preflight (Fetch standard, section
    4.8) goes through a boundary like any request, so its answer has a request id, a refused one is
    a problem, and the access log tells of it.
    """

    def __init__(
        self, app: ASGIApp, origins: Iterable[str], counts: HttpCounts | None = None
    ) -> None:
        super().__init__(
            app,
            allow_origins=sorted(origins),
            allow_methods=_METHODS,
            allow_headers=_SENT_FIELDS,
            expose_headers=_SHOWN_FIELDS,
        )
        self._preflights = Boundary(self._preflight, counts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the lifespan."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if "origin" in headers and "access-control-request-method" in headers:
                await self._preflights(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _preflight(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self.preflight_response(Headers(scope=scope))
        if answer.status_code >= 400:
            # What the middleware says: the origin, the method or the fields.
            raise CrossSite(f"{bytes(answer.body).decode()}. See LOCKSTEP_ALLOWED_ORIGINS.")
        fields = {"content-length", "content-type"}
        given = {name: value for name, value in answer.headers.items() if name not in fields}
        done = Response(status_code=204, headers=given)
        await done(scope, receive, send)
