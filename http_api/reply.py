"""Answer reads: JSON bodies, entity tags, and 304 when nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["array_of", "matches", "not_modified", "reply"]


def reply(value: Any, *, status: int = 200, etag: str | None = None) -> Response:
    """Answer with JSON. ``etag`` (quotes included) lets the caller ask again for changes only.

    ``value`` may be bytes: then it is JSON already, and is not copied, however much it is.
    Nothing may be kept by shared caches; a private one must ask each time.
    """
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    response = Response(body, status_code=status, media_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache" if etag else "no-store"
    if etag:
        response.headers["ETag"] = etag
        response.headers["Vary"] = "Authorization"
    return response


def not_modified(etag: str) -> Response:
    """Answer 304: what the caller has is current."""
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    return Response(status_code=304, headers=headers)


def matches(request: Request, etag: str) -> bool:
    """Tell whether If-None-Match names the tag (weak comparison, RFC 9110 section 13.1.2)."""
    given = request.headers.getlist("if-none-match")
    return any(
        part.strip().removeprefix("W/") in {etag, "*"} for line in given for part in line.split(",")
    )


def array_of(members: Iterable[bytes]) -> orjson.Fragment:
    """Join JSON texts into an array, as they are."""
    return orjson.Fragment(b"[" + b",".join(members) + b"]")
