"""Tests of what is installed and of the files that say so."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

_ROOT = Path(__file__).parents[1]
_LOCKS = sorted((_ROOT / "requirements").glob("*.txt"))

# Below these a known fault of the package breaks a promise of ours; the reasons are beside the
# dependencies in pyproject.toml.
_FLOORS = {
    "starlette": "1.3.1",
    "uvicorn": "0.52.4",
    "websockets": "16.1",
    "pyjwt": "2.15.0",
    "sqlalchemy": "2.0.52",
    # 0.31.0 waits without bound for a frozen server when a connection is closed.
    "asyncpg": "0.31.1",
}


def _pins(lock: Path) -> dict[str, str]:
    """Give the version of every package in a lock file."""
    found = re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", lock.read_text(), re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize(("package", "floor"), _FLOORS.items())
def test_no_package_is_older_than_its_known_faults(package: str, floor: str) -> None:
    """Neither what is installed nor what is locked."""
    assert Version(version(package)) >= Version(floor)
    for lock in _LOCKS:
        assert Version(_pins(lock)[package]) >= Version(floor)


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda path: path.name)
def test_a_lock_file_names_no_host(lock: Path) -> None:
    """Any index may serve the packages: their hashes say that they are the right ones."""
    lines = lock.read_text().splitlines()

    assert not [line for line in lines if re.search(r"://|--(index|extra|find|trusted)", line)]
    assert not [line for line in lines if re.search(r"(^|\s)/\w", line)], "a path of one machine"


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_hashes(lock: Path) -> None:
    """A package that was changed on its way is not installed."""
    entries = re.split(r"^(?=[a-z0-9])", lock.read_text(), flags=re.MULTILINE)[1:]

    assert len(entries) > 40
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]


def test_both_lock_files_agree() -> None:
    """Installing what the tests need changes nothing of what runs."""
    run, dev = _pins(_ROOT / "requirements/run.txt"), _pins(_ROOT / "requirements/dev.txt")

    assert run.items() <= dev.items()


def test_the_lock_files_hold_what_the_project_asks_for() -> None:
    """Nobody forgot `make lock`."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        "run.txt": project["dependencies"],
        "dev.txt": project["dependencies"] + project["optional-dependencies"]["dev"],
    }

    for name, requirements in wanted.items():
        pins = _pins(_ROOT / "requirements" / name)
        for requirement in map(Requirement, requirements):
            assert requirement.specifier.contains(pins[requirement.name]), requirement


def test_every_runtime_dependency_says_why_it_is_there() -> None:
    """A dependency without a reason is one to remove."""
    text = (_ROOT / "pyproject.toml").read_text()
    listed = text.split("\ndependencies = [")[1].split("\n]")[0].splitlines()
    unexplained = [line for line in listed if line.strip().startswith('"') and "  # " not in line]

    assert not unexplained


def test_the_node_lock_file_names_no_host_and_pins_by_hash() -> None:
    """The JavaScript SDK is the locked one, whoever serves it."""
    lock = json.loads((_ROOT / "tests/node/package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert "node_modules/centrifuge" in packages
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if "integrity" not in entry]
