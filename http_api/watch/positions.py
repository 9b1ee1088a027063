"""Remember in a file how far each list was seen, so that a restarted watch shows what it missed."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from store.entry import Position

__all__ = ["SeenPositions"]

KEPT = 200
"""Lists remembered; the one seen longest ago is forgotten first."""


class SeenPositions:
    """Keep the last seen position per server, user and list in one JSON file.

    The file is replaced as a whole, so a crash leaves the old or the new one. Two processes
    writing it may lose each other's latest position, which shows a change twice, never none.
    An unreadable or damaged file counts as empty; an unwritable one is given up silently, because
    watching must go on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, key: str) -> Position | None:
        """Give the position remembered under ``key``; None when there is none."""
        found = self._read().get(key)
        try:
            return Position(str(found["epoch"]), int(found["offset"])) if found else None
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, key: str, position: Position) -> None:
        """Remember ``position`` under ``key``; atomic."""
        seen = self._read()
        seen.pop(key, None)
        seen[key] = {"epoch": position.epoch, "offset": position.offset}
        for oldest in list(seen)[: max(0, len(seen) - KEPT)]:
            del seen[oldest]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".seen-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(seen, file)
            Path(name).replace(self.path)
        except OSError:
            return

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            seen = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return seen if isinstance(seen, dict) else {}
