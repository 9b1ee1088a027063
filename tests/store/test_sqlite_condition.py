"""A SQLite file can be looked into without a trace."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from store.revisions import Revisions
from store.sqlite_condition import read_sqlite_condition, sqlite_path


def test_a_path_is_that_of_the_url() -> None:
    """With as many slashes as SQLAlchemy takes for an absolute one."""
    assert sqlite_path("sqlite:////abs/olute.db") == Path("/abs/olute.db")


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """SQLite makes one by default."""
    with pytest.raises(sqlite3.Error):
        read_sqlite_condition(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_has_no_schema(tmp_path: Path) -> None:
    """To SQLite it is an empty database."""
    (tmp_path / "empty.db").touch()
    assert read_sqlite_condition(tmp_path / "empty.db").revision is None


def test_what_is_in_it_is_counted(sqlite_url: str) -> None:
    """Revision, epoch, lists and the entries in their logs."""
    found = read_sqlite_condition(sqlite_path(sqlite_url))
    assert found.revision == Revisions().newest
    assert found.progress.epoch
    assert (found.progress.lists, found.progress.entries) == (0, 0)
