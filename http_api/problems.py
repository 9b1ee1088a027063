"""Answer refusals as problem details (RFC 9457), in one shape everywhere."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.responses import Response

from http_api.refusals import MethodNotAllowed, UpgradeRequired
from store.errors import Invalid, LockstepError, NotFound, Unauthenticated

__all__ = ["MEDIA_TYPE", "problem_document", "problem_response"]

MEDIA_TYPE: Final = "application/problem+json"

_TITLES: Final = {
    "cross_site": "The request comes from another site",
    "cycle": "The dependency would close a cycle",
    "history_pruned": "The history does not reach back to that position",
    "internal": "Something went wrong on our side",
    "invalid": "The input breaks a rule",
    "malformed": "The request does not parse",
    "op_reused": "The operation id was used for something else",
    "outcome_unknown": "The outcome is unknown",
    "stale": "It changed meanwhile",
    "too_many_requests": "Too many requests",
    "unauthenticated": "Log in first",
    "unavailable": "Not available right now",
}

# One sentence for whatever is missing or another's, so that nobody can tell the two apart.
_NOTHING_HERE: Final = "There is nothing here for you under this address."


def problem_document(error: LockstepError, request_id: str) -> dict[str, Any]:
    """Build the members of a problem: the standard ones, ``code``, ``request_id`` and extras."""
    detail = error.detail
    if isinstance(error, NotFound) and error.code == NotFound.code:
        detail = _NOTHING_HERE
    document: dict[str, Any] = {
        "type": f"/docs#{error.code}",
        "title": _TITLES.get(error.code) or HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": detail,
        "code": error.code,
        "request_id": request_id,
    }
    if isinstance(error, Invalid):
        document["errors"] = [{"path": path, "message": message} for path, message in error.errors]
    return {**error.extra, **document}


def problem_response(error: LockstepError, request_id: str) -> Response:
    """Answer with the problem, and with the header fields its status asks for."""
    response = Response(
        orjson.dumps(problem_document(error, request_id)),
        status_code=error.status,
        media_type=MEDIA_TYPE,
    )
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = _challenge(error)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = error.allow
    if isinstance(error, UpgradeRequired):
        response.headers["Upgrade"] = "websocket"
        response.headers["Connection"] = "Upgrade"
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def _challenge(error: Unauthenticated) -> str:
    """Name the scheme; a refused token (any code but the plain one) also says why (RFC 6750)."""
    if error.code == Unauthenticated.code:
        return 'Bearer realm="lockstep"'
    return 'Bearer realm="lockstep", error="invalid_token"'
