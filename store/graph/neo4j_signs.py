"""Say in the log that Neo4j is away, and why, and that it is back: once each."""

from __future__ import annotations

import structlog
from neo4j.exceptions import Neo4jError

__all__ = ["Signs", "reason_of"]

_log = structlog.get_logger("lockstep.graph")


def reason_of(error: BaseException | None) -> str:
    """Name what keeps the server from answering: unauthorized, slow or unreachable. Pure."""
    match error:
        case Neo4jError() if (error.code or "").startswith("Neo.ClientError.Security."):
            return "unauthorized"
        case TimeoutError():  # connected, or nearly, and it says nothing
            return "slow"
        case _:
            return "unreachable"


class Signs:
    """Follow how questions end, in each process that asks some."""

    def __init__(self) -> None:
        self._away = False

    def refused(self, error: BaseException | None) -> None:
        """Take note that questions are turned away from now on, because of this error."""
        if self._away or error is None:
            return
        self._away = True
        # Of the driver's words only the kind: its sentences hold addresses, and are many.
        said = getattr(error, "code", None) or type(error).__name__
        _log.warning("graph_away", reason=reason_of(error), error=said)

    def answered(self) -> None:
        """Take note that a question was answered."""
        if self._away:
            self._away = False
            _log.info("graph_back")
