"""What the replicas logged during one scenario."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.servers.replica import Replica


class Journal:
    """Collect what every replica logs from now on, restarts included, except for requests."""

    def __init__(self, replicas: list[Replica]) -> None:
        self._replicas = replicas
        self._events: list[list[dict[str, Any]]] = [[] for _ in replicas]
        self._read = {path: path.stat().st_size for each in replicas for path in _paths(each)}

    def events(self, name: str) -> list[list[dict[str, Any]]]:
        """Give, for each replica, the events ``name``."""
        self._take()
        return [[event for event in mine if event["event"] == name] for mine in self._events]

    def errors(self) -> list[str]:
        """Give what any replica logged as an error: each is a mistake of ours."""
        self._take()
        return [
            json.dumps(event)
            for mine in self._events
            for event in mine
            if event["level"] == "error"
        ]

    def _take(self) -> None:
        for replica, mine in zip(self._replicas, self._events, strict=True):
            for path in _paths(replica):
                with path.open("rb") as file:
                    file.seek(self._read.get(path, 0))
                    # What comes after the last end of a line is not whole yet, or never will be.
                    lines = file.read().rpartition(b"\n")[0]
                if lines:
                    self._read[path] = self._read.get(path, 0) + len(lines) + 1
                    mine += [
                        json.loads(line) for line in lines.split(b"\n") if _REQUEST not in line
                    ]


_REQUEST = b'"event":"request"'


def _paths(replica: Replica) -> list[Path]:
    """Give the logs of all processes that this replica has been."""
    if replica.log_path is None:
        return []
    name = replica.log_path.stem.rpartition("-")[0]
    return sorted(replica.run.directory.glob(f"{name}-*.log"))
