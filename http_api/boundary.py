"""Stand between the server and the routes: request ids, header fields, problems, access log."""

from __future__ import annotations

import time
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from http_api.http_counts import HttpCounts
from http_api.problems import problem_response
from http_api.refusals import Malformed
from http_api.request_head import refuse_ambiguous
from http_api.request_id import request_id_in
from http_api.trail import CURRENT, Trail
from store.errors import LockstepError, NotFound

__all__ = ["Boundary"]

log = structlog.get_logger("lockstep.http")

# Nothing but our own files runs on our pages, and nobody frames them. The socket is named by
# scheme, because 'self' does not cover ws: in every browser.
_CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
_FIELDS: Final = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_RAW_FIELDS: Final = [(name.lower().encode(), value.encode()) for name, value in _FIELDS.items()]

# What is asked for every few seconds, or by the dozen for one page, is not worth a line each.
_QUIET: Final = ("/health/", "/metrics", "/static/", "/emulation")


class _Internal(LockstepError):
    """Say that something unexpected happened, and nothing about it."""


class Boundary:
    """Wrap the app: nothing that a route raises gets past here, and every answer is accounted for.

    An exception before the answer began becomes a problem; after that the connection is cut by
    raising again, since half an answer must not look like a whole one. ``counts`` takes note of
    each, None: nobody wants to know.
    """

    def __init__(self, app: ASGIApp, counts: HttpCounts | None = None) -> None:
        self._app = app
        self._counts = counts or HttpCounts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; sockets and the lifespan pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trail = Trail(request_id_in(scope["headers"]))
        scope["lockstep.trail"] = trail
        token = CURRENT.set(trail)
        started = time.perf_counter()
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # On the bytes as they are: Starlette's MutableHeaders took 15 µs for these.
                headers = message.get("headers", ())
                given = {name for name, _ in headers}
                message["headers"] = [
                    *headers,
                    *(field for field in _RAW_FIELDS if field[0] not in given),
                    (b"x-request-id", trail.request_id.encode()),
                ]
            await send(message)

        try:
            refuse_ambiguous(scope)
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            pass  # it left while it sent its request: nobody is there to be answered
        except Exception as error:
            if status:
                log.exception("answer_cut_short", route=trail.route)
                raise
            refusal = _refusal(error, trail)
            self._counts.refused(refusal)
            await problem_response(refusal, trail.request_id)(scope, receive, send_on)
        finally:
            took_s = time.perf_counter() - started
            status = status or 499  # 499: the client left before an answer
            self._counts.answered(scope["method"], trail.route, status, took_s)
            quiet = scope["path"].startswith(_QUIET) and status < 500
            (log.debug if quiet else log.info)(
                "request",
                method=scope["method"],
                route=trail.route or _without_secrets(scope["path"]),
                status=status,
                duration_ms=round(took_s * 1000, 2),
                user=trail.user,
            )
            CURRENT.reset(token)


def _without_secrets(path: str) -> str:
    """Shorten the parts of an unknown path that are longer than an id: they may be tokens."""
    return "/".join(part if len(part) <= 36 else "…" for part in path.split("/"))


def _refusal(error: Exception, trail: Trail) -> LockstepError:
    if isinstance(error, LockstepError):
        if error.status in {500, 503}:  # 501 and 505 are the caller's doing
            log.warning("refused", code=error.code, route=trail.route, cause=_cause(error))
        return error
    if isinstance(error, HTTPException):  # Starlette's own router and parsers
        return NotFound() if error.status_code == 404 else Malformed(error.detail)
    log.error("request_failed", route=trail.route, exc_info=error)
    return _Internal("This was our mistake, and it has been logged under the request id.")


def _cause(error: LockstepError) -> str | None:
    return type(error.__cause__).__name__ if error.__cause__ is not None else None
