"""Order the schema's revisions, and tell which the code needs.

A change of the schema comes in halves, so that old and new replicas serve side by side during a
deploy. What a *before* half does, the previous version of the code bears: new tables, columns with
defaults, policies. It is applied before the new code starts. What an *after* half does, only the
new code bears: dropping, tightening. It is applied when no old replica is left. Each revision says
which half it is by ``HALF``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Revisions", "config_for"]

_SCRIPTS = Path(__file__).parent / "migrations"


def config_for(connection: Connection | None = None, scripts: Path = _SCRIPTS) -> Config:
    """Configure Alembic for our scripts, to run on ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


class Revisions:
    """Hold the revisions that this code knows, oldest first."""

    def __init__(self, scripts: Path = _SCRIPTS) -> None:
        directory = ScriptDirectory.from_config(config_for(scripts=scripts))
        known = [*directory.walk_revisions()][::-1]
        self.names = tuple(script.revision for script in known)
        self._halves = {script.revision: str(script.module.HALF) for script in known}

    @property
    def newest(self) -> str:
        """Name the last revision of all."""
        return self.names[-1]

    @property
    def needed(self) -> str:
        """Name the revision that this code cannot do without: the last *before* half."""
        return [name for name in self.names if self._halves[name] == "before"][-1]

    def suffices(self, revision: str | None) -> bool:
        """Tell whether this code can serve a database at ``revision``; None: an empty database.

        One that this code does not know was made by a newer version, whose before halves it bears.
        """
        if revision is None:
            return False
        if revision not in self.names:
            return True
        return self.names.index(revision) >= self.names.index(self.needed)
