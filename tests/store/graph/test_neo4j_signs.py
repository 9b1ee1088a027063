"""The operator reads once why Neo4j is not asked, and once that it is again."""

from __future__ import annotations

import pytest
from neo4j.exceptions import AuthError, Neo4jError, ServiceUnavailable
from structlog.testing import capture_logs

from store.graph.neo4j_signs import Signs, reason_of


def refused(code: str) -> Neo4jError:
    """Make what the server refuses with."""
    error = AuthError("wrong for neo4j://ann:hunter2@db")
    error._neo4j_code = code
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused("Neo.ClientError.Security.Unauthorized"), "unauthorized"),
        (TimeoutError(), "slow"),
        (ServiceUnavailable("at ann:hunter2@db"), "unreachable"),
        (ConnectionRefusedError(), "unreachable"),
        (None, "unreachable"),
    ],
)
def test_each_cause_has_a_word(error: Exception | None, reason: str) -> None:
    """By which the operator knows where to look."""
    assert reason_of(error) == reason


def test_each_absence_is_told_once_and_so_is_its_end() -> None:
    """However many questions come to nothing, and without a word of the driver's sentences."""
    signs = Signs()
    with capture_logs() as said:
        signs.answered()
        for _ in range(2):
            for error in (None, ServiceUnavailable("at ann:hunter2@db"), TimeoutError(), None):
                signs.refused(error)
            signs.answered()
            signs.answered()
    assert [one["event"] for one in said] == ["graph_away", "graph_back"] * 2
    assert (said[0]["reason"], said[0]["error"]) == ("unreachable", "ServiceUnavailable")
    assert "hunter2" not in str(said)
