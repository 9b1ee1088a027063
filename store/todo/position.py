"""Issue fractional keys: text that sorts bytewise, with room between any two and at both ends.

A key is an integer part and a fraction, in digits of base 62. The first letter of the integer part
tells its length (``a`` one digit, ``b`` two, ...; ``Z``, ``Y``, ... count downwards), so appending
ten thousand todos yields keys of at most four characters; only insertions at one and the same
place grow the fraction, by about a character every six. When that is too long, store.todo.spread
gives the neighbours shorter keys.
"""

from __future__ import annotations

__all__ = ["between"]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE = len(_DIGITS)
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_FIRST = "a0"


def between(before: str | None, after: str | None) -> str:
    """Make a key above ``before`` and below ``after``; None means the open end.

    Raises ValueError when ``before`` does not sort below ``after``.
    """
    if before is not None and after is not None and before >= after:
        message = f"no key fits between {before!r} and {after!r}"
        raise ValueError(message)
    if before is None:
        return _FIRST if after is None else _below(after)
    if after is None:
        return _above(before)
    whole_before, fraction_before = _split(before)
    whole_after, fraction_after = _split(after)
    if whole_before == whole_after:
        return whole_before + _midpoint(fraction_before, fraction_after)
    step = _increment(whole_before)
    if step is not None and step < after:
        return step
    return whole_before + _midpoint(fraction_before, None)


def _above(key: str) -> str:
    whole, fraction = _split(key)
    step = _increment(whole)
    return whole + _midpoint(fraction, None) if step is None else step


def _below(key: str) -> str:
    whole, fraction = _split(key)
    if fraction:
        return whole
    step = _decrement(whole)
    if step is None:
        message = "no key fits below the very first one"
        raise ValueError(message)
    return step


def _split(key: str) -> tuple[str, str]:
    head = key[:1]
    if "a" <= head <= "z":
        length = ord(head) - ord("a") + 2
    elif "A" <= head <= "Z":
        length = ord("Z") - ord(head) + 2
    else:
        length = 0
    if not length or len(key) < length or any(char not in _VALUE for char in key):
        message = f"{key!r} is not a position key"
        raise ValueError(message)
    return key[:length], key[length:]


def _increment(whole: str) -> str | None:
    """Give the next integer part; None after the very last."""
    head, digits = whole[0], list(whole[1:])
    for place in reversed(range(len(digits))):
        if digits[place] != _DIGITS[-1]:
            digits[place] = _DIGITS[_VALUE[digits[place]] + 1]
            return head + "".join(digits)
        digits[place] = _DIGITS[0]
    if head == "Z":
        return "a" + _DIGITS[0]
    if head == "z":
        return None
    longer = head >= "a"
    return chr(ord(head) + 1) + _DIGITS[0] * (len(digits) + (1 if longer else -1))


def _decrement(whole: str) -> str | None:
    """Give the previous integer part; None before the very first."""
    head, digits = whole[0], list(whole[1:])
    for place in reversed(range(len(digits))):
        if digits[place] != _DIGITS[0]:
            digits[place] = _DIGITS[_VALUE[digits[place]] - 1]
            return head + "".join(digits)
        digits[place] = _DIGITS[-1]
    if head == "a":
        return "Z" + _DIGITS[-1]
    if head == "A":
        return None
    longer = head < "a"
    return chr(ord(head) - 1) + _DIGITS[-1] * (len(digits) + (1 if longer else -1))


def _midpoint(low: str, high: str | None) -> str:
    """Find a short fraction between ``low`` and ``high`` (None: one), without a trailing zero."""
    made = []
    place = 0
    while True:
        floor = _VALUE[low[place]] if place < len(low) else 0
        ceiling = _BASE if high is None else (_VALUE[high[place]] if place < len(high) else 0)
        if ceiling - floor > 1:
            made.append(_DIGITS[(floor + ceiling) // 2])
            return "".join(made)
        made.append(_DIGITS[floor])
        if ceiling > floor:
            high = None  # whatever follows stays below, so only ``low`` still binds
        place += 1
