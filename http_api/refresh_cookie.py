"""Keep the page's refresh token in a cookie that no script and no other site gets at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["clear_cookie", "put_cookie", "read_cookie"]

# The prefix makes browsers insist on Secure, Path=/ and no Domain, so that neither a sibling host
# nor a plain connection can plant one (RFC 6265bis section 4.1.3.2).
_OVER_TLS: Final = "__Host-lockstep_refresh"
_PLAIN: Final = "lockstep_refresh"


def _is_tls(request: Request) -> bool:
    """Tell whether the connection is TLS, as far as trusted proxies tell it."""
    return bool(request.scope["scheme"] == "https")


def read_cookie(request: Request) -> str | None:
    """Give the refresh token that the browser keeps; None when it has none."""
    return request.cookies.get(_OVER_TLS if _is_tls(request) else _PLAIN)


def put_cookie(request: Request, response: Response, token: str, max_age_s: int) -> None:
    """Let the browser keep the refresh token for ``max_age_s`` seconds."""
    tls = _is_tls(request)
    response.set_cookie(
        _OVER_TLS if tls else _PLAIN,
        token,
        max_age=max_age_s,
        path="/",
        secure=tls,
        httponly=True,
        samesite="strict",
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Let the browser forget the refresh token; nothing is sent to one that has none."""
    if read_cookie(request) is not None:
        put_cookie(request, response, "", 0)
