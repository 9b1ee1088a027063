"""Describe a refused value without repeating it. Pure."""

from __future__ import annotations

from typing import Any

__all__ = ["shape_of"]


def shape_of(value: Any) -> str:
    """Describe a refused value without repeating it: it may be a secret in the wrong place."""
    if not isinstance(value, str):
        return f"of type {type(value).__name__}"
    kinds = (
        (str.isdecimal, "digits"),
        (str.isalpha, "letters"),
        (str.isalnum, "letters and digits"),
    )
    kind = next((name for test, name in kinds if test(value)), "characters of several kinds")
    return f"a text of {len(value)} {kind}"
