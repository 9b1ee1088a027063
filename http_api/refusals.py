"""Name what only the HTTP edge refuses; the store's own refusals are in ``store.errors``."""

from __future__ import annotations

from collections.abc import Iterable

from store.errors import LockstepError

__all__ = [
    "CrossSite",
    "FieldsTooLarge",
    "Malformed",
    "MethodNotAllowed",
    "NotImplementedHere",
    "TooLarge",
    "UnsupportedType",
    "UpgradeRequired",
    "UriTooLong",
    "VersionNotSupported",
]


class Malformed(LockstepError):
    """Refuse a request that does not parse: a body that is no JSON object, a broken header."""

    status = 400
    code = "malformed"


class CrossSite(LockstepError):
    """Refuse a write that a page of another origin made a browser send."""

    status = 403
    code = "cross_site"


class MethodNotAllowed(LockstepError):
    """Refuse a method that the path does not know; ``allow`` are those it knows."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, allow: Iterable[str]) -> None:
        self.allow = ", ".join(sorted(allow))
        super().__init__(f"This path knows {self.allow}.")


class TooLarge(LockstepError):
    """Refuse a body over the limit, before anything looks at it."""

    status = 413
    code = "too_large"


class UriTooLong(LockstepError):
    """Refuse an address over the limit (RFC 9110 section 15.5.15)."""

    status = 414
    code = "uri_too_long"


class FieldsTooLarge(LockstepError):
    """Refuse header fields over the limit (RFC 6585 section 5)."""

    status = 431
    code = "fields_too_large"


class NotImplementedHere(LockstepError):
    """Refuse a body in a transfer coding that is not understood (RFC 9112 section 6.1)."""

    status = 501
    code = "not_implemented"


class VersionNotSupported(LockstepError):
    """Refuse another version of HTTP than is spoken here (RFC 9110 section 15.6.6)."""

    status = 505
    code = "version_not_supported"


class UnsupportedType(LockstepError):
    """Refuse a body whose Content-Type (or coding, or charset) the route does not read."""

    status = 415
    code = "unsupported_media_type"


class UpgradeRequired(LockstepError):
    """Refuse plain HTTP where only a WebSocket handshake makes sense (RFC 9110 section 15.5.22)."""

    status = 426
    code = "upgrade_required"
