"""Judge passwords: long enough, not a common one, not made of the username."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from itertools import pairwise

from store.usernames import name_key

__all__ = ["MAX_PASSWORD", "MIN_PASSWORD", "normalized_password", "password_fault"]

MIN_PASSWORD = 12  # code points after NFKC
MAX_PASSWORD = 128

# A password is worth one point for each piece that a guessing program has to name: a character, a
# run ("4567", "aaaa", "asdf", a year) or the username; a word of the list is worth two. Under five
# it is among the first few million guesses. Any 12 random characters are worth more, and so are
# three words that are not common.
_ENOUGH = 5
_WORD_POINTS = 2
_LONGEST_WORD = 24
# From here on no list of guesses reaches, whatever the pieces; only a listed password is refused.
_LONG = 32

_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
)
_STEPS = frozenset(pair for row in _ROWS for way in (row, row[::-1]) for pair in pairwise(way))
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_PLAIN_LETTERS = str.maketrans("@431!05$7+", "aaeiiosstt")  # "p@55w0rd" is no other word


def normalized_password(text: str) -> str:
    """Compose the password (NFKC) so that every keyboard spells the same one."""
    return unicodedata.normalize("NFKC", text)


def password_fault(password: str, username: str) -> str | None:
    """Say which rule a new password breaks, in a sentence; None when it is fine.

    12 to 128 code points after NFKC, no control characters, and not something that is guessed early
    (see the list ``common_passwords.txt``; the username counts as one more word that everybody
    knows). Takes at most a few milliseconds; time grows linearly with the length.
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
    folded, name = password.casefold(), name_key(username)
    # What the list knows is spelled in ASCII, and no guess goes on for as long as _LONG.
    reached = folded.isascii() and len(password) < _LONG
    if not reached and folded not in _common_passwords():
        return None
    unit = _repeated(folded)
    if len(unit) < MIN_PASSWORD and unit != folded:
        return "must not repeat a shorter text"
    if _points(unit, name) < _ENOUGH:
        return (
            "is a common password or easy to guess; use several words that do not belong together"
        )
    return None


def _repeated(text: str) -> str:
    """Give the shortest text that makes up the whole by being repeated (at least once)."""
    # The second place where a text occurs in its own double is its period.
    return text[: (text + text).find(text, 1)]


def _points(text: str, name: str) -> int:
    """Count the pieces of the cheapest way to put the text together."""
    words = _common_passwords()
    plain = text.translate(_PLAIN_LETTERS)
    cost = [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        cheapest = cost[end - 1] + 1
        for start in range(max(0, end - _LONGEST_WORD), end - 3):
            if cost[start] + _WORD_POINTS >= cheapest:
                continue
            if text[start:end] in words or plain[start:end] in words:
                cheapest = cost[start] + _WORD_POINTS
        starts = [_run_start(text, end)]
        if name and text.endswith(name, 0, end):
            starts.append(end - len(name))
        if end >= 4 and _YEAR.fullmatch(text, end - 4, end):
            starts.append(end - 4)
        cost[end] = min(cheapest, *(cost[start] + 1 for start in starts))
    return cost[-1]


def _run_start(text: str, end: int) -> int:
    """Find where the run that ends before ``end`` begins: equal characters or neighbours."""
    start = end - 1
    while start > 0 and text[start - 1] == text[start]:
        start -= 1
    if start < end - 1:
        return start
    while start > 0 and (text[start - 1], text[start]) in _STEPS:
        start -= 1
    return start if end - start >= 3 else end - 1


@cache
def _common_passwords() -> frozenset[str]:
    """Read the list once: 34,000 words, 10 ms, 3 MiB."""
    text = files("store").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
