"""Answer refusals as problem details (RFC 9457), in one shape everywhere."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.responses import Response

from http_api.refusals import MethodNotAllowed, UpgradeRequired
from store.errors import Invalid, LockstepError, NotFound, Unauthenticated

__all__ = ["MEDIA_TYPE", "TITLES", "problem_document", "problem_response"]

MEDIA_TYPE: Final = "application/problem+json"

TITLES: Final = {
    "conflict": "The state forbids it",
    "cross_site": "The request comes from another site",
    "cycle": "The dependency would close a circle",
    "deleted": "It lies in the trash",
    "fields_too_large": "The header fields are too large",
    "forbidden": "Your role does not suffice",
    "graph_unavailable": "The graph does not answer",
    "history_pruned": "The history does not reach back to that position",
    "id_taken": "The id is taken",
    "inbox": "The Inbox stays",
    "internal": "Something went wrong on our side",
    "invalid": "The input breaks a rule",
    "last_owner": "A list keeps at least one owner",
    "limit_reached": "A limit is reached",
    "malformed": "The request does not parse",
    "method_not_allowed": "The path does not know this method",
    "name_taken": "The name is taken",
    "not_done": "Another command of the batch was refused",
    "not_found": "There is nothing here for you",
    "not_implemented": "This coding is not understood",
    "op_reused": "The operation id was used for something else",
    "outcome_unknown": "The outcome is unknown",
    "registration_closed": "Registration is closed",
    "stale": "It changed meanwhile",
    "token_expired": "The access token has expired",
    "token_reused": "The session has ended",
    "token_invalid": "The access token is not valid",
    "too_large": "The body is too large",
    "too_many_requests": "Too many requests",
    "unauthenticated": "Log in first",
    "unavailable": "Not available right now",
    "unsupported_media_type": "The body is not of the type that is read here",
    "upgrade_required": "Only a WebSocket is served here",
    "uri_too_long": "The address is too long",
    "user_not_found": "There is no such person for you",
    "version_not_supported": "This version of HTTP is not spoken here",
    "wrong_login": "The username or the password is wrong",
    "wrong_password": "The current password is wrong",
}

"""The title of every problem by its code; the reference shows them all."""

# One sentence for whatever is missing or another's, so that nobody can tell the two apart.
_NOTHING_HERE: Final = "There is nothing here for you under this address."


def problem_document(error: LockstepError, request_id: str) -> dict[str, Any]:
    """Build the members of a problem: the standard ones, ``code``, ``request_id`` and extras."""
    detail = error.detail
    if isinstance(error, NotFound) and error.code == NotFound.code:
        detail = _NOTHING_HERE
    document: dict[str, Any] = {
        "type": f"/docs#{error.code}",
        "title": TITLES.get(error.code) or HTTPStatus(error.status).phrase,
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
        response.headers["Sec-WebSocket-Version"] = "13"
        response.headers["Connection"] = "Upgrade"
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def _challenge(error: Unauthenticated) -> str:
    """Name the scheme, and a token that came along and was refused (RFC 6750 section 3)."""
    if error.code in {"token_expired", "token_invalid"}:
        return 'Bearer realm="lockstep", error="invalid_token"'
    return 'Bearer realm="lockstep"'
