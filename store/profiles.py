"""Judge what people say about themselves: a display name and an e-mail address."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["MAX_DISPLAY_NAME", "checked_display_name", "checked_email"]

MAX_DISPLAY_NAME = 100  # code points after NFC and trimming
_MAX_EMAIL = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets

# Each part excludes the separator behind it, so matching is linear in the length. Whether mail
# arrives there, only mail can tell; a stricter pattern would refuse addresses that work.
_EMAIL = re.compile(r"[^\s@<>\"(),:;\\]{1,64}@[^\s@<>\"(),:;\\.]+(?:\.[^\s@<>\"(),:;\\.]+)+")
# These turn the text around them; a name has to stay inside its own place on the page.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _is_unfit(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in _TURNING


def checked_display_name(text: str) -> str:
    """Give the name as it is kept (NFC, trimmed); empty: none. ValueError says what is wrong."""
    if len(text) > 4 * MAX_DISPLAY_NAME:
        raise ValueError(f"must have at most {MAX_DISPLAY_NAME} characters")
    name = unicodedata.normalize("NFC", text).strip()
    if len(name) > MAX_DISPLAY_NAME:
        raise ValueError(f"must have at most {MAX_DISPLAY_NAME} characters")
    if any(map(_is_unfit, name)):
        raise ValueError("must not contain control or bidirectional characters")
    return name


def checked_email(text: str) -> str:
    """Give the address as it is kept (NFC, trimmed). ValueError says what is wrong."""
    if len(text) > _MAX_EMAIL:
        raise ValueError(f"must have at most {_MAX_EMAIL} characters")
    address = unicodedata.normalize("NFC", text).strip()
    if any(map(_is_unfit, address)) or not _EMAIL.fullmatch(address):
        raise ValueError("must look like name@example.org")
    return address
