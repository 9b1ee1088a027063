"""Settings for checks, whatever the environment of the tests says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from http_api.settings import Settings, load_settings
from tests.servers.replica import SECRET_KEY

MakeSettings = Callable[..., Settings]


@pytest.fixture
def make_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MakeSettings:
    """Give a function that makes settings of these values and no others."""
    import os

    for name in list(os.environ):
        if name.startswith("LOCKSTEP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def make(**values: Any) -> Settings:
        return load_settings(**values)

    return make


@pytest.fixture
def production(make_settings: MakeSettings) -> Settings:
    """Give settings that name a PostgreSQL; nothing is there."""
    return make_settings(database_url="postgresql://me:x@db/lockstep", secret_key=SECRET_KEY)
