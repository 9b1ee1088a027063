"""Look at ``.env`` before its values are read, so that a slip in it is said and not skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotenv.parser import parse_stream

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["why_unreadable"]


def why_unreadable(path: Path) -> str | None:
    """Say in a sentence what is wrong with the file; None when it is good or there is none.

    The sentence names lines by number only: what stands in them may be a secret.
    """
    try:
        with path.open(encoding="utf-8") as file:
            broken = [str(one.original.line) for one in parse_stream(file) if one.error]
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        kind = type(error).__name__
        return f"{path} cannot be read ({kind}): it must be UTF-8 text that this user may read."
    if not broken:
        return None
    return (
        f"{path} does not parse in line {', '.join(broken)}; allowed: NAME=value, or # a comment."
    )
