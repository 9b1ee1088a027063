"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None
HALF = "before"  # or "after": when no replica of the previous version is left


def upgrade() -> None:
    """Apply this revision."""
    ${upgrades if upgrades else "pass"}
