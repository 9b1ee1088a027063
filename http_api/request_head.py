"""Refuse requests whose target or host can be read in two ways, before anything reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from http_api.refusals import Malformed

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["ODD_TARGET", "refuse_ambiguous"]

ODD_TARGET: Final = "lockstep.odd_target"
"""The scope's extension that says: the request line named no path (RFC 9112 section 3.2.2)."""

# A name, an IPv4 address or an IPv6 literal, and perhaps a port: no user info, no path.
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def refuse_ambiguous(scope: Scope) -> None:
    """Raise Malformed for what proxies and servers are known to take differently.

    That is a missing, repeated or decorated Host (RFC 9112 section 3.2), a body framed twice
    (section 6.1), a target that is no path, and a path that is no UTF-8.
    """
    hosts = 0
    length = chunked = False
    for name, value in scope["headers"]:
        if name == b"host":
            hosts += 1
            if not _HOST.fullmatch(value):
                raise Malformed("The field Host must be a name or an address, with a port or none.")
        elif name == b"content-length":
            length = True
        elif name == b"transfer-encoding":
            chunked = True
    if hosts > 1 or (hosts == 0 and scope["http_version"] == "1.1"):
        raise Malformed("There must be one field Host.")
    if length and chunked:
        raise Malformed("Content-Length and Transfer-Encoding must not both be there.")
    if ODD_TARGET in scope.get("extensions", ()):
        raise Malformed("The request line must name a path, beginning with a slash.")
    raw_path = scope.get("raw_path") or b""
    if b"%" in raw_path:
        try:
            unquote_to_bytes(raw_path).decode()
        except UnicodeDecodeError:
            raise Malformed("The path is not UTF-8.") from None
