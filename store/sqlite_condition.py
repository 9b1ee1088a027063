"""Look into a SQLite file without making, changing or locking anything."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from store.graph.progress import Progress
from store.log_id import LogKind

__all__ = ["SqliteCondition", "read_sqlite_condition", "sqlite_path"]

_WAIT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class SqliteCondition:
    """Hold what is in the file; ``revision`` None: no schema, and then nothing else, either."""

    revision: str | None
    progress: Progress


def sqlite_path(url: str) -> Path:
    """Give the path of the file in a ``sqlite://`` URL."""
    return Path(make_url(url).database or "")


def read_sqlite_condition(path: Path) -> SqliteCondition:
    """Read the file, blocking; raises sqlite3.Error, also where there is none or it is no database.

    Without a write-ahead log beside it nobody writes, and the file is read as it stands: SQLite
    would otherwise make one, with its index, even for a reader.
    """
    still = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    address = f"{path.absolute().as_uri()}?mode=ro{still}"
    with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as connection:
        named = "SELECT name FROM sqlite_master WHERE name IN ('alembic_version', 'logs', 'epochs')"
        if len(connection.execute(named).fetchall()) < 3:
            return SqliteCondition(None, Progress("", 0, 0, 0))
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        (epoch,) = connection.execute("SELECT epoch FROM epochs").fetchone() or ("",)
        lists, entries = connection.execute(
            "SELECT count(*), coalesce(sum(head), 0) FROM logs WHERE kind = ?", (LogKind.LIST,)
        ).fetchone()
        return SqliteCondition(found[0] if found else None, Progress(epoch, lists, entries, 0))
