"""Decide which web origins may speak to the service from a browser."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

__all__ = ["OriginPolicy", "origin_of"]

_PORTS: Final = {"http": 80, "https": 443}


def origin_of(text: str) -> str:
    """Normalize an exact origin as browsers send it: lower case, no default port, no path.

    Raises ValueError for anything else: wildcards, paths, user info, ``null``, other schemes.
    """
    parts = urlsplit(text.strip().lower())
    host = parts.hostname or ""
    rest = parts.path.rstrip("/") + parts.query + parts.fragment
    if parts.scheme not in _PORTS or not host or rest or "*" in host or "@" in parts.netloc:
        raise ValueError
    literal = f"[{host}]" if ":" in host else host
    port = parts.port
    suffix = "" if port is None or port == _PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{literal}{suffix}"


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """Compare origins exactly with a list; with an empty list, only the service's own is allowed.

    The own origin is ``<scheme>://<Host>`` of the request, and counts only when the host is an IP
    address or ``localhost``: a page of a foreign name that is made to resolve to this machine (DNS
    rebinding) would otherwise pass as our own. A service with a name sets the list.
    """

    allowed: frozenset[str]

    @classmethod
    def of(cls, origins: Iterable[str]) -> OriginPolicy:
        """Make a policy of exact origins; none: the service's own."""
        return cls(frozenset(origins))

    def allows(self, origin: str | None, scheme: str, host: str | None) -> bool:
        """Tell whether a request may go on.

        ``origin`` is the Origin header, byte for byte; None (not sent) is a native client and fine.
        ``scheme`` is http(s) or ws(s) as the service sees it, ``host`` the Host header.
        """
        if origin is None:
            return True
        if self.allowed:
            return origin in self.allowed
        scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
        return host is not None and _unspoofable(host) and origin == f"{scheme}://{host.lower()}"


def _unspoofable(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
