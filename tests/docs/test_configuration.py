"""The page about settings, against the settings."""

from __future__ import annotations

from typing import Any

from http_api.settings import PREFIX, Settings
from tests.docs.pages import page, rows


def _shown(default: Any) -> str:
    """Spell a default as the page does."""
    if default is None or default == frozenset():
        return "none"
    if isinstance(default, bool):
        return "`on`" if default else "`off`"
    return f"`{default}`"


def test_every_setting_is_described_with_its_default() -> None:
    """The page names each setting once, with the default the code has, and no other."""
    described = {
        row[0].strip("`"): row[1]
        for row in rows(page("docs/configuration.md"))
        if row[0].startswith(f"`{PREFIX}")
    }
    expected = {
        PREFIX + name.upper(): _shown(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert described == expected
