"""What to do when a program that a test needs is not on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

# Skips whose reason begins so are repeated, in capitals, at the end of the run.
MARK = "missing on this machine: "


def missing(what: str) -> NoReturn:
    """Skip the test loudly because ``what`` is not installed; fail it where CI=true."""
    reason = f"{MARK}{what} (run tests/install_servers.sh as root, or install it yourself)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def program(*names: str, package: str) -> Path:
    """Give the first of ``names`` that can be run; without any, skip (or fail) for ``package``."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"))
    for name in names:
        if found := shutil.which(name, path=path):
            return Path(found)
    missing(package)
