"""Compress long answers for those who take them so."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import (
    DEFAULT_EXCLUDED_CONTENT_TYPES,
    GZipMiddleware,
    IdentityResponder,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from realtime.transport_stream import STREAM_TYPE

__all__ = ["Compressed", "refuses_gzip"]

_FROM_BYTES: Final = 1024  # below, the header fields outweigh what is saved
_LEVEL: Final = 5  # level 9 takes three times as long for a fiftieth less
# A compressor costs more memory than the connection of a stream.
_NEVER: Final = (*DEFAULT_EXCLUDED_CONTENT_TYPES, STREAM_TYPE)


class Compressed(GZipMiddleware):
    """Wrap the app: answers are packed with gzip when asked for.

    Starlette looks only for the word; this heeds a weight of 0, which forbids it (RFC 9110
    section 12.5.3).
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app, minimum_size=_FROM_BYTES, compresslevel=_LEVEL, exclude_content_types=_NEVER
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the lifespan."""
        if scope["type"] == "http" and refuses_gzip(
            Headers(scope=scope).get("Accept-Encoding", "")
        ):
            plain = IdentityResponder(self.app, _FROM_BYTES, exclude_content_types=_NEVER)
            await plain(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def refuses_gzip(accepted: str) -> bool:
    """Tell whether the field ``Accept-Encoding`` names gzip with a weight of 0.

    An empty field, one without gzip, and a weight that is no number refuse nothing here.
    """
    if ";" not in accepted:  # as browsers and most programs send it
        return False
    for offer in accepted.lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() == "gzip":
            name, _, value = weight.partition("=")
            return name.strip() == "q" and _is_zero(value.strip())
    return False


def _is_zero(value: str) -> bool:
    return value in {"0", "0.", "0.0", "0.00", "0.000"}
