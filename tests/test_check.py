"""Runs `make check` among the tests, beside the others: format, lint, types, contracts."""

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
