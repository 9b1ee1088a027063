"""Name the version of the running code."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

__all__ = ["version"]


def version() -> str:
    """Give the installed distribution's version; ``unknown`` when run without installing."""
    try:
        return version_of("lockstep")
    except PackageNotFoundError:
        return "unknown"
