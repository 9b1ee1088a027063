"""Tests of the direction of imports: down only, and pure modules are pure."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

_ROOT = Path(__file__).parents[1]

# What each package may import of ours.
_BELOW = {
    "store": {"store"},
    "realtime": {"store", "realtime"},
    "http_api": {"store", "realtime", "http_api"},
}

# Modules with no event loop, clock, randomness or I/O; a package means all that is in it.
_PURE = (
    "store/todo",
    "realtime/answer",
    "realtime/bus_message",
    "realtime/codes",
    "realtime/command",
    "realtime/deadlines",
    "realtime/effects",
    "realtime/encoding",
    "realtime/encoding_json",
    "realtime/encoding_protobuf",
    "realtime/outbox",
    "realtime/presence",
    "realtime/protobuf_commands",
    "realtime/protobuf_schema",
    "realtime/protocol",
    "realtime/publication",
    "realtime/request",
    "realtime/revocation",
    "realtime/sequencer",
    "realtime/session",
    "realtime/signals",
    "realtime/subprotocol",
    "realtime/subscription",
)

# All a pure module may import, beside what is pure of ours: data in, data out.
_PURE_MAY_IMPORT = {
    "__future__", "abc", "base64", "binascii", "bisect", "collections", "copy", "dataclasses",
    "datetime", "enum", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math",
    "operator", "re", "string", "struct", "types", "typing", "unicodedata", "uuid",
    "google", "jiter", "orjson", "pydantic", "pydantic_core", "typing_extensions",
}  # fmt: skip

# Of allowed modules, the functions that ask the clock or the dice.
_IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7"}


def _sources(package: str) -> list[Path]:
    return sorted((_ROOT / package).rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Give line and top-level package of every import of a file, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, (node.module or "").partition(".")[0]


def _pure_sources() -> list[Path]:
    named = [_ROOT / f"{name}.py" for name in _PURE]
    inside = [path for name in _PURE for path in (_ROOT / name).rglob("*.py")]
    return sorted([path for path in named if path.exists()] + inside)


@pytest.mark.parametrize("package", _BELOW)
def test_imports_point_down(package: str) -> None:
    """http_api may know realtime and store, realtime may know store, store knows neither."""
    up = [
        f"{path.relative_to(_ROOT)}:{line} imports {imported}"
        for path in _sources(package)
        for line, imported in _imports(path)
        if imported in set(_BELOW) - _BELOW[package]
    ]

    assert _sources(package)
    assert not up


@pytest.mark.parametrize("path", _pure_sources(), ids=lambda path: str(path.relative_to(_ROOT)))
def test_a_pure_module_imports_no_loop_clock_randomness_or_io(path: Path) -> None:
    """Time and ids come in as arguments, so the rules run a million times in a test."""
    allowed = _PURE_MAY_IMPORT | _BELOW[path.relative_to(_ROOT).parts[0]]
    impure = [f"line {line}: {name}" for line, name in _imports(path) if name not in allowed]
    calls = [
        f"line {node.lineno}: .{node.func.attr}()"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _IMPURE_CALLS
    ]

    assert not impure + calls


def test_the_contracts_on_imports_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor may a pure module reach a clock through another module of ours."""
    monkeypatch.chdir(_ROOT)
    monkeypatch.syspath_prepend(str(_ROOT))

    assert lint_imports() == EXIT_STATUS_SUCCESS


def test_the_distribution_is_the_three_packages() -> None:
    """What is installed is what is checked here."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())

    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(_BELOW)
