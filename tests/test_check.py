"""Tests of the workshop: every check passes, and nothing is set up twice."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(300)  # mypy without its cache takes most of a minute on a busy machine
def test_the_code_passes_every_check() -> None:
    """Formatted, without lint, with types that fit, importing down."""
    checked = subprocess.run(
        ["make", "--silent", "--keep-going", "check"],
        cwd=_ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_second_start_installs_nothing() -> None:
    """`make run` and `make test` go straight to work once everything is there."""
    asked = ["make", "--question", "install", "dev"]

    assert subprocess.run(asked, cwd=_ROOT, check=False).returncode == 0
