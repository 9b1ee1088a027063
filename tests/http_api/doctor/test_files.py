"""What is said of what lies on this machine, and that looking changes nothing of it."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from pathlib import Path

import pytest

from http_api.doctor.files import (
    check_data_directory,
    check_open_files,
    check_secret_key,
    check_sqlite,
    judge_open_files,
    judge_room,
)
from http_api.doctor.finding import Mark
from http_api.secret_key import secret_key_in
from http_api.settings import Settings
from store.revisions import Revisions
from tests.http_api.doctor.conftest import MakeSettings


def _there(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_nothing_is_made_where_nothing_is(make_settings: MakeSettings, tmp_path: Path) -> None:
    """Before the first start everything is in order, and stays as it is."""
    settings = make_settings()
    told = [
        *asyncio.run(check_data_directory(settings)),
        *asyncio.run(check_secret_key(settings)),
        *asyncio.run(check_sqlite(settings)),
    ]
    said = [one.says for one in told if one.subject != "disk"]
    assert len(said) == 3
    assert all("is not there yet" in one for one in said)
    assert {one.mark for one in told if one.subject != "disk"} == {Mark.OK}
    assert _there(tmp_path) == []


def test_a_data_directory_that_is_a_file_is_wrong(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    """And so is one below a file: neither can be made."""
    (tmp_path / "file").write_text("")
    for path in ("file", "file/below"):
        [told] = asyncio.run(check_data_directory(make_settings(data_dir=tmp_path / path)))
        assert told.mark is Mark.WRONG
        assert "LOCKSTEP_DATA_DIR" in told.advice


@pytest.mark.parametrize(("mode", "mark"), [(0o700, Mark.OK), (0o755, Mark.WARNING)])
def test_the_data_directory_is_its_owners(
    make_settings: MakeSettings, tmp_path: Path, mode: int, mark: Mark
) -> None:
    """It has password hashes in it."""
    directory = tmp_path / "var"
    directory.mkdir()
    directory.chmod(mode)
    [told] = asyncio.run(check_data_directory(make_settings()))
    assert told.mark is mark


def test_a_kept_key_is_its_owners(make_settings: MakeSettings, tmp_path: Path) -> None:
    """Mode 0600, and whole; it is never shown."""
    settings = make_settings()
    key = secret_key_in(tmp_path / "var").decode()
    [told] = asyncio.run(check_secret_key(settings))
    assert told.mark is Mark.OK
    assert key not in str(told)

    path = tmp_path / "var" / "secret_key"
    path.chmod(0o640)
    [told] = asyncio.run(check_secret_key(settings))
    assert told.mark is Mark.WRONG
    assert f"chmod 600 {tmp_path}" in told.says or "chmod 600" in told.says

    path.chmod(0o600)
    path.write_text("short")
    [told] = asyncio.run(check_secret_key(settings))
    assert told.mark is Mark.WRONG
    assert "cut short" in told.says


def test_a_set_key_is_told_by_its_length(production: Settings) -> None:
    """And that all replicas need the same."""
    [told] = asyncio.run(check_secret_key(production))
    assert told.mark is Mark.OK
    assert "32 bytes; every replica" in told.says


def test_a_good_file_is_ok_and_left_as_it_is(
    make_settings: MakeSettings, sqlite_url: str, tmp_path: Path
) -> None:
    """No log and no index appear beside it, and not a byte of it changes."""
    tmp_path.chmod(0o700)
    for path in tmp_path.glob("lockstep.db-*"):
        path.unlink()
    before = (tmp_path / "lockstep.db").read_bytes()
    told = asyncio.run(check_sqlite(make_settings(database_url=sqlite_url)))
    assert told[0].mark is Mark.OK
    assert "the newest" in told[0].says
    assert (tmp_path / "lockstep.db").read_bytes() == before
    assert _there(tmp_path) == ["lockstep.db"]


def test_a_file_that_is_written_to_is_read_as_it_is_now(
    make_settings: MakeSettings, sqlite_url: str, tmp_path: Path
) -> None:
    """What stands in the write-ahead log counts, and whoever writes is not held up."""
    tmp_path.chmod(0o700)
    writer = sqlite3.connect(tmp_path / "lockstep.db", isolation_level=None)
    try:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("UPDATE alembic_version SET version_num = '9999'")
        writer.execute("BEGIN IMMEDIATE")
        told = asyncio.run(check_sqlite(make_settings(database_url=sqlite_url)))
        writer.execute("UPDATE alembic_version SET version_num = '9998'")
        writer.execute("COMMIT")
    finally:
        writer.close()
    assert told[0].mark is Mark.WARNING
    assert "9999" in told[0].says


def test_a_file_that_is_behind_is_brought_up_by_a_start(
    make_settings: MakeSettings, sqlite_url: str, tmp_path: Path
) -> None:
    """Nobody has to run anything with SQLite."""
    tmp_path.chmod(0o700)
    with sqlite3.connect(tmp_path / "lockstep.db") as writer:
        writer.execute("UPDATE alembic_version SET version_num = ?", Revisions().names[:1])
    writer.close()
    told = asyncio.run(check_sqlite(make_settings(database_url=sqlite_url)))
    assert told[0].mark is Mark.OK
    assert "a start brings it up" in told[0].says


@pytest.mark.parametrize("body", [b"not a database at all, but long enough to be read" * 50])
def test_a_file_that_is_no_database_is_wrong(
    make_settings: MakeSettings, tmp_path: Path, body: bytes
) -> None:
    """It is named, and so is the way out."""
    path = tmp_path / "x.db"
    path.write_bytes(body)
    told = asyncio.run(check_sqlite(make_settings(database_url=f"sqlite:///{path}")))
    assert told[0].mark is Mark.WRONG
    assert str(path) in told[0].says


def test_a_file_others_may_read_is_looked_at(
    make_settings: MakeSettings, sqlite_url: str, tmp_path: Path
) -> None:
    """SQLite leaves its file open to everybody, so its directory must not be."""
    tmp_path.chmod(0o755)
    (tmp_path / "lockstep.db").chmod(0o644)
    told = asyncio.run(check_sqlite(make_settings(database_url=sqlite_url)))
    assert told[0].mark is Mark.WARNING
    assert "password hashes" in told[0].says


@pytest.mark.parametrize(
    ("free", "mark"),
    [(2**40, Mark.OK), (2**30, Mark.OK), (2**30 - 1, Mark.WARNING), (2**26 - 1, Mark.WRONG)],
)
def test_room(tmp_path: Path, free: int, mark: Mark) -> None:
    """A full disk refuses every change."""
    assert judge_room(tmp_path, free).mark is mark


def test_the_limit_of_open_files_is_this_process(production: Settings) -> None:
    """What is said is what `ulimit -n` says here."""
    [told] = asyncio.run(check_open_files(production))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert f"{soft:,}" in told.says or "no limit" in told.says


def test_a_thousand_files_do_for_a_household_not_for_many(
    make_settings: MakeSettings, production: Settings
) -> None:
    """Every socket is a file, and so is every connection to the database."""
    assert judge_open_files(1024, 4096, make_settings()).mark is Mark.OK
    told = judge_open_files(1024, 4096, production)
    assert told.mark is Mark.WARNING
    assert "ulimit -n 4096" in told.advice
    told = judge_open_files(1024, 1024, production)
    assert "ulimit" not in told.advice  # the shell may not raise it
    assert "LimitNOFILE" in told.advice
    assert judge_open_files(65_536, 65_536, production).mark is Mark.OK
    infinite = resource.RLIM_INFINITY
    assert judge_open_files(infinite, infinite, production).mark is Mark.OK
