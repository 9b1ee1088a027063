"""Refuse writes that a foreign web page makes a browser send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from http_api.refusals import CrossSite

if TYPE_CHECKING:
    from starlette.types import Scope

    from http_api.origins import OriginPolicy

__all__ = ["SAFE_METHODS", "refuse_cross_site"]

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 section 9.2.1

# "none": the user's own doing, such as a bookmark.
_OWN: Final = frozenset({"same-origin", "none"})


def refuse_cross_site(scope: Scope, origins: OriginPolicy) -> None:
    """Raise CrossSite when a state-changing request comes from a page that is not ours.

    A browser says where a request comes from in Origin and Sec-Fetch-Site, and pages can forge
    neither. Without both it is a native client, which sends no cookie unless it means to. A
    sibling host (same-site) is as foreign as any, unless its origin is on the list.
    """
    if scope["method"] in SAFE_METHODS:
        return
    origin = host = None
    site = "none"
    for name, value in scope["headers"]:  # once over the bytes: every write comes through here
        if name == b"origin":
            origin = str(value, "latin-1")
        elif name == b"sec-fetch-site":
            site = str(value, "latin-1")
        elif name == b"host":
            host = str(value, "latin-1")
    if not origins.allows(origin, scope["scheme"], host):
        raise CrossSite(
            "Pages of this origin may not write here; the operator can allow it in "
            "LOCKSTEP_ALLOWED_ORIGINS."
        )
    if origin is None and site not in _OWN:
        raise CrossSite("A page of another site may not write here.")
