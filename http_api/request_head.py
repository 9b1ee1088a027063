"""Refuse requests that can be read in two ways, or are too long, before anything reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from http_api.refusals import (
    FieldsTooLarge,
    Malformed,
    NotImplementedHere,
    UriTooLong,
    VersionNotSupported,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

__all__ = ["MAX_FIELDS_BYTES", "MAX_TARGET_BYTES", "ODD_TARGET", "refuse_ambiguous"]

# The same as Nginx's, so that a program which works without it works behind it.
MAX_TARGET_BYTES: Final = 8 * 1024
MAX_FIELDS_BYTES: Final = 32 * 1024

ODD_TARGET: Final = "lockstep.odd_target"
"""The scope's extension that says: the request line named no path (RFC 9112 section 3.2.2)."""

# Parts that read one of two would not see what others checked (RFC 9110 section 5.3).
_ONCE: Final = frozenset(
    {
        b"authorization",
        b"content-length",
        b"host",
        b"idempotency-key",
        b"origin",
        b"sec-fetch-site",
        b"transfer-encoding",
    }
)
_NOT_SPOKEN: Final = frozenset({"0.9", "2.0"})  # the parser lets both pass

_HALF_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")  # Nginx refuses it, others keep it

# A name, an IPv4 address or an IPv6 literal, and perhaps a port: no user info, no path.
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def refuse_ambiguous(scope: Scope) -> None:
    """Raise Malformed for what proxies and servers are known to take differently.

    That is a missing or decorated Host (RFC 9112 section 3.2), a body framed twice (section 6.1), a
    field twice that may be there once, a target that is no path, and a path that is no UTF-8 or not
    percent-encoded (RFC 3986 section 2.1). What is too long raises UriTooLong or FieldsTooLarge,
    what is not understood NotImplementedHere or VersionNotSupported.
    """
    version = scope["http_version"]
    if version in _NOT_SPOKEN:
        raise VersionNotSupported("Speak HTTP/1.1.")
    given: dict[bytes, bytes] = {}
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name in _ONCE:
            if name in given:
                raise Malformed(f"There must be one field {name.decode().title()}.")
            given[name] = value
    if size > MAX_FIELDS_BYTES:
        raise FieldsTooLarge(f"All header fields may have at most {MAX_FIELDS_BYTES} bytes.")
    host = given.get(b"host")
    if host is None:
        if version == "1.1":
            raise Malformed("There must be one field Host.")
    elif not _HOST.fullmatch(host):
        raise Malformed("The field Host must be a name or an address, with a port or none.")
    if b"transfer-encoding" in given:
        _refuse_coding(given, version)
    if ODD_TARGET in scope.get("extensions", ()):
        raise Malformed("The request line must name a path, beginning with a slash.")
    raw_path = scope.get("raw_path") or b""
    if len(raw_path) + len(scope.get("query_string", b"")) > MAX_TARGET_BYTES:
        raise UriTooLong(f"An address may have at most {MAX_TARGET_BYTES} bytes.")
    if b"%" in raw_path:
        if _HALF_ESCAPE.search(raw_path):
            raise Malformed("In the path, % must be followed by two hexadecimal digits.")
        try:
            unquote_to_bytes(raw_path).decode()
        except UnicodeDecodeError:
            raise Malformed("The path is not UTF-8.") from None


def _refuse_coding(given: Mapping[bytes, bytes], version: str) -> None:
    """Refuse every framing of a body but chunks, over HTTP/1.1, without a length beside."""
    if b"content-length" in given:
        raise Malformed("Content-Length and Transfer-Encoding must not both be there.")
    if version == "1.0":  # such a peer may have sent on what it did not understand
        raise Malformed("There is no Transfer-Encoding in HTTP/1.0.")
    if given[b"transfer-encoding"].strip().lower() != b"chunked":
        raise NotImplementedHere("The only Transfer-Encoding that is understood is chunked.")
