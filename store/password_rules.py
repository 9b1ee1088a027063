"""Judge passwords: long enough, and none of the common ones."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files

from store.usernames import name_key

__all__ = ["MAX_PASSWORD", "MIN_PASSWORD", "normalized_password", "password_fault"]

MIN_PASSWORD = 12  # code points after NFKC
MAX_PASSWORD = 128


def normalized_password(text: str) -> str:
    """Compose the password (NFKC) so that every keyboard spells the same one."""
    return unicodedata.normalize("NFKC", text)


def password_fault(password: str, username: str) -> str | None:
    """Say which rule a new password breaks, in a sentence; None when it is fine.

    12 to 128 code points after NFKC, no control characters, neither one of the list
    ``common_passwords.txt`` nor the username, both compared without regard to case. What a password
    is made of is nobody's business: length and the list are what the guessing programs of today
    leave to be asked for (NIST SP 800-63B section 3.1.1.2).
    """
    # NFKC makes one code point up to 18; the first bound keeps that work small.
    if len(password) > 4 * MAX_PASSWORD:
        return f"must have at most {MAX_PASSWORD} characters"
    password = normalized_password(password)
    if len(password) < MIN_PASSWORD:
        return f"must have at least {MIN_PASSWORD} characters"
    if len(password) > MAX_PASSWORD:
        return f"must have at most {MAX_PASSWORD} characters"
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in password):
        return "must not contain control characters"
    if password.casefold() in _common_passwords():
        return "is one of the common passwords, which are tried first; choose another"
    if name_key(password) == name_key(username):
        return "must not be the username"
    return None


@cache
def _common_passwords() -> frozenset[str]:
    """Read the list once: 4,000 words, 1 ms, 0.4 MiB."""
    text = files("store").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
