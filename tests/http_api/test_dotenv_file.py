"""What is wrong with ``.env`` is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from http_api.dotenv_file import why_unreadable
from http_api.settings import SettingsError, load_settings


def test_a_good_file_and_none_are_fine(tmp_path: Path) -> None:
    """Comments, quotes, blank lines, `export` and names of others are all in order."""
    path = tmp_path / ".env"
    assert why_unreadable(path) is None
    path.write_text("# a comment\n\nexport A=1\nB='two words'  # here\nC=\nEDGE_HOST=a.example\n")
    assert why_unreadable(path) is None


def test_a_line_that_is_none_stops_the_start_with_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is named, its contents are not: they may be a secret."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LOCKSTEP_PORT=8001\nLOCKSTEP_SECRET_KEY hunter2 more\n")
    with pytest.raises(SettingsError, match=r"\.env does not parse in line 2; allowed") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    """A file in another encoding ends in a sentence, not in a stack trace."""
    path = tmp_path / ".env"
    path.write_bytes(b"A=\xff\n")
    assert "must be UTF-8" in (why_unreadable(path) or "")
