"""The compose files, read as `docker compose` reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PRODUCTION = ROOT / "docker-compose.yml"
DEVELOPMENT = ROOT / "docker-compose.development.yml"

# The innermost reference: a name, and what comes in its place (`:-`) or is said (`:?`) without it.
_REFERENCE = re.compile(r"\$\{(\w+)(?::([-?])([^${}]*))?\}")
# Lists of which a later file's takes the place of the earlier one's; all others are joined.
_REPLACED = {"command", "entrypoint", "test"}


class MissingValueError(Exception):
    """Say which variable must be set, in the file's own words."""


def load(*paths: Path, **environment: str) -> dict[str, Any]:
    """Read files, each laid over the ones before, with variables from ``environment`` alone.

    Raises MissingValueError for a variable that must be set.
    """
    yaml = YAML(typ="safe", pure=True)
    whole: dict[str, Any] = {}
    for path in paths:
        whole = _laid_over(whole, yaml.load(path.read_text(encoding="utf-8")))
    return {
        name: _filled_in(value, environment)
        for name, value in whole.items()
        if not name.startswith("x-")
    }


def _laid_over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(below)
    for name, value in above.items():
        found = laid.get(name)
        if isinstance(found, Mapping) and isinstance(value, Mapping):
            laid[name] = _laid_over(dict(found), value)
        elif isinstance(found, list) and isinstance(value, list) and name not in _REPLACED:
            laid[name] = [*found, *(one for one in value if one not in found)]
        else:
            laid[name] = value
    return laid


def _filled_in(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled_in(inner, environment) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled_in(inner, environment) for inner in value]
    if not isinstance(value, str):
        return value

    def given(reference: re.Match[str]) -> str:
        name, kind, word = reference.groups()
        found = environment.get(name, "")
        if not found and kind == "?":
            message = f"{name}: {word}"
            raise MissingValueError(message)
        return found or (word if kind == "-" else "")

    while (filled := _REFERENCE.sub(given, value)) != value:
        value = filled
    return value


def seconds(duration: str) -> int:
    """Read a duration such as ``30s`` or ``2m``."""
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]
