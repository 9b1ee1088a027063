"""Check what lies on this machine: the data directory, the SQLite file, the secret key, room."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

from http_api.doctor.finding import Finding, ok, warning, wrong
from http_api.pools import pools_of
from http_api.secret_key import KEY_FILE, secret_key_in
from store.revisions import Revisions
from store.sqlite_condition import read_sqlite_condition, sqlite_path

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = [
    "check_data_directory",
    "check_open_files",
    "check_secret_key",
    "check_sqlite",
    "judge_open_files",
    "judge_room",
]

_OTHERS: Final = 0o077
_LITTLE_BYTES: Final = (64 * 2**20, 2**30)
# Beside sockets and connections to the database: Redis, Neo4j, the log, the listening socket.
_OTHER_FILES: Final = 64
_ENOUGH_SOCKETS: Final = 5_000
_ENOUGH_FILES: Final = 65_536  # as in the unit of docs/production.md


async def check_data_directory(settings: Settings) -> list[Finding]:
    """Look whether what the service keeps can be kept, and by it alone; makes nothing."""
    return [await asyncio.to_thread(_data_directory, settings.data_dir)]


def _data_directory(directory: Path) -> Finding:
    subject = "data directory"
    shown = directory.absolute()
    mend = "Let this user write there, or name another directory in LOCKSTEP_DATA_DIR."
    if not directory.exists():
        if not _writable(_nearest(directory)):
            return wrong(subject, f"{shown} is not there and cannot be made", mend)
        return ok(subject, f"{shown} is not there yet; the first start makes it")
    if not directory.is_dir() or not _writable(directory):
        return wrong(subject, f"{shown} is no directory that this user may write", mend)
    if directory.stat().st_mode & _OTHERS:
        return warning(
            subject,
            f"{shown} is open to other users of this machine",
            f"Run: chmod 700 {shown}",
        )
    return ok(subject, f"{shown} is writable, and this user's alone")


async def check_sqlite(settings: Settings) -> list[Finding]:
    """Look into the SQLite file, and at the room around it; makes and changes nothing."""
    path = sqlite_path(settings.database)
    return await asyncio.to_thread(_sqlite, path, Revisions())


def _sqlite(path: Path, revisions: Revisions) -> list[Finding]:
    subject, place = "database", _nearest(path)
    room = judge_room(place, shutil.disk_usage(place).free)
    if not path.exists():
        if not _writable(place):
            return [
                wrong(
                    subject,
                    f"SQLite file {path} is not there and cannot be made",
                    "Let this user write in its directory, or name another place in "
                    "LOCKSTEP_DATABASE_URL or LOCKSTEP_DATA_DIR.",
                ),
                room,
            ]
        made = ok(subject, f"SQLite file {path} is not there yet; `lockstep serve` makes it")
        return [made, room]
    return [_sqlite_file(path, revisions), room]


def _sqlite_file(path: Path, revisions: Revisions) -> Finding:
    subject, shown = "database", f"SQLite file {path}"
    try:
        revision = read_sqlite_condition(path).revision
    except (sqlite3.Error, OSError) as error:
        return wrong(
            subject,
            f"{shown} cannot be read ({type(error).__name__})",
            "It must be a SQLite database that this user may read; restore it, or name another "
            "one in LOCKSTEP_DATABASE_URL.",
        )
    if not (os.access(path, os.W_OK) and _writable(path.parent)):
        return wrong(
            subject,
            f"{shown} cannot be written",
            f"Let this user write the file and its directory: chown -R it {path.parent}",
        )
    if revision is not None and revision not in revisions.names:
        return warning(
            subject,
            f"{shown} has revision {revision}, made by a newer version than this one",
            "Bring this installation up to date.",
        )
    if path.stat().st_mode & _OTHERS and path.parent.stat().st_mode & _OTHERS:
        return warning(
            subject,
            f"{shown} can be read by other users of this machine, and has password hashes in it",
            f"Run: chmod 700 {path.parent}",
        )
    if revision != revisions.newest:
        return ok(subject, f"{shown} is at revision {revision or 'none'}; a start brings it up")
    return ok(subject, f"{shown}, revision {revision}, the newest")


async def check_secret_key(settings: Settings) -> list[Finding]:
    """Look at the key that tokens are signed with; none is made, and none is shown."""
    return [await asyncio.to_thread(_secret_key, settings)]


def _secret_key(settings: Settings) -> Finding:
    subject = "secret key"
    if settings.secret_key is not None:
        size = len(settings.secret_key.get_secret_value().encode())
        alike = "; every replica and worker needs this same one" if settings.production else ""
        return ok(subject, f"LOCKSTEP_SECRET_KEY has {size} bytes{alike}")
    path = settings.data_dir.absolute() / KEY_FILE
    if not path.exists():
        return ok(subject, f"{path} is not there yet; the first start makes it")
    try:
        secret_key_in(path.parent)
    except ValueError as error:
        return wrong(subject, str(error), "Until then nothing starts.")
    except OSError as error:
        return wrong(
            subject,
            f"{path} cannot be read ({type(error).__name__})",
            "Let this user read it, or set LOCKSTEP_SECRET_KEY.",
        )
    return ok(subject, f"{path} is this user's alone")


def judge_room(place: Path, free: int) -> Finding:
    """Judge the bytes that are free where the SQLite file is. Pure."""
    subject, says = "disk", f"{_amount(free)} free in {place}"
    advice = "Make room, or move the file; when it is full, every change is refused."
    if free < _LITTLE_BYTES[0]:
        return wrong(subject, says, advice)
    if free < _LITTLE_BYTES[1]:
        return warning(subject, says, advice)
    return ok(subject, says)


async def check_open_files(settings: Settings) -> list[Finding]:
    """Look at the limit of open files: every socket is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [judge_open_files(soft, hard, settings)]


def judge_open_files(soft: int, hard: int, settings: Settings) -> Finding:
    """Judge the limits of this process, which `lockstep serve` would have from here. Pure."""
    subject = "open files"
    if soft == resource.RLIM_INFINITY:
        return ok(subject, "no limit")
    own = _OTHER_FILES + (2 * pools_of(settings).connections if settings.production else 0)
    says = (
        f"a limit of {soft:,} here leaves room for about {max(0, soft - own):,} sockets a process"
    )
    if not settings.production and soft > own:
        return ok(subject, says)
    if soft - own < _ENOUGH_SOCKETS:
        most = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_FILES)
        shell = f"`ulimit -n {most}` before the start, or " if most > soft else ""
        return warning(subject, says, f"For more, {shell}LimitNOFILE={_ENOUGH_FILES} in the unit.")
    return ok(subject, says)


def _nearest(path: Path) -> Path:
    """Give the path, or the nearest directory above it that is there."""
    path = path.absolute()
    return next(one for one in (path, *path.parents) if one.exists())


def _writable(directory: Path) -> bool:
    return directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)


def _amount(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size // 2**20} MiB"
