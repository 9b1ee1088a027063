"""Name a server without its login, and what the system says of the way there. Pure."""

from __future__ import annotations

import os
import ssl

__all__ = ["address_of", "system_words"]


def address_of(url: str) -> str:
    """Give host, port and what follows them; nothing that stands before the last ``@``.

    What a URL library takes for the host may be the end of a password that nobody escaped, so it
    is not asked. Options behind ``?`` may hold a password, too.
    """
    rest = url.partition("://")[2]
    return rest.rpartition("@")[2].partition("?")[0].rstrip("/") or "localhost"


def system_words(error: OSError) -> str:
    """Give the system's word for an error in brackets, after a space; empty when it has none.

    By its number: asyncio puts addresses into the text.
    """
    if isinstance(error, ssl.SSLError):  # whose number is TLS's own
        reason = getattr(error, "reason", None) or type(error).__name__
        return f" (TLS: {reason})"
    number = error.errno or 0
    words = os.strerror(number) if number > 0 else error.strerror
    return f" ({words.lower()})" if words else ""
