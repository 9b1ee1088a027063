"""What is said of Neo4j and of the graph in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from neo4j.exceptions import AuthError, ConfigurationError, Neo4jError, ServiceUnavailable

from http_api.doctor.finding import Mark
from http_api.doctor.graph import judge, judge_progress, why_away
from store.graph.neo4j_condition import GraphCondition
from store.graph.progress import Progress

HEALTHY = GraphCondition("5.26.31", (), (), 7, "e")
PROGRESS = Progress("e", lists=3, entries=40, workers=1)


@pytest.mark.parametrize("version", ["5.26.0", "5.26.31", "2025.01.0"])
def test_a_healthy_server_is_ok_in_every_line(version: str) -> None:
    """The long-lived version, and those that are named by years."""
    told = judge(replace(HEALTHY, version=version))
    assert [one.mark for one in told] == [Mark.OK] * 2


@pytest.mark.parametrize(
    ("changed", "mark", "subject"),
    [
        ({"version": "5.25.1"}, Mark.WRONG, "neo4j version"),
        ({"version": "4.4.30"}, Mark.WRONG, "neo4j version"),
        ({"version": ""}, Mark.WRONG, "neo4j version"),
        ({"missing": ("lockstep_user",)}, Mark.WRONG, "neo4j schema"),
        ({"unready": ("lockstep_user",)}, Mark.WARNING, "neo4j schema"),
    ],
)
def test_each_fault_gives_its_line_and_no_other(
    changed: dict[str, object], mark: Mark, subject: str
) -> None:
    """There is a way out of each."""
    found = replace(HEALTHY, **changed)  # type: ignore[arg-type]
    [told] = [one for one in judge(found) if one.mark is not Mark.OK]
    assert (told.mark, told.subject) == (mark, subject)
    assert told.advice.endswith(".")


def test_a_graph_that_follows_is_ok() -> None:
    """It says how much there is, and by whom it is kept up."""
    told = judge_progress(HEALTHY, PROGRESS, 0, workers_wanted=True)
    assert (told.mark, told.advice) == (Mark.OK, "")
    assert "40 entries of 3 lists, kept up by 1" in told.says


def test_a_graph_that_nobody_keeps_up_is_wrong() -> None:
    """However far it is: the next change will be missing."""
    told = judge_progress(HEALTHY, replace(PROGRESS, workers=0), 0, workers_wanted=True)
    assert told.mark is Mark.WRONG
    assert "lockstep worker" in told.advice


def test_one_process_keeps_its_graph_up_itself() -> None:
    """With SQLite there is no worker to miss."""
    told = judge_progress(HEALTHY, replace(PROGRESS, workers=0), 0, workers_wanted=False)
    assert told.mark is Mark.OK


def test_a_graph_that_is_behind_is_looked_at() -> None:
    """It may be being filled, which takes a while and mends itself."""
    told = judge_progress(HEALTHY, PROGRESS, 1, workers_wanted=True)
    assert told.mark is Mark.WARNING
    assert "1 entry behind" in told.says


@pytest.mark.parametrize("changed", [{"generation": None}, {"epoch": "of a restored backup"}])
def test_a_graph_of_another_database_counts_as_none(changed: dict[str, object]) -> None:
    """After a restore nothing is answered from it."""
    found = replace(HEALTHY, **changed)  # type: ignore[arg-type]
    told = judge_progress(found, PROGRESS, 40, workers_wanted=True)
    assert told.mark is Mark.WARNING
    assert "no graph yet" in told.says


def _code(code: str) -> Neo4jError:
    error = AuthError if ".Security." in code else Neo4jError
    return error._hydrate_neo4j(code=code, message="hunter2")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_code("Neo.ClientError.Security.Unauthorized"), "does not let us in"),
        (_code("Neo.ClientError.Security.AuthenticationRateLimit"), "does not let us in"),
        (_code("Neo.ClientError.Database.DatabaseNotFound"), "still starting"),
        (_code("Neo.DatabaseError.General.UnknownError"), "UnknownError"),
        (TimeoutError("hunter2"), "does not answer in time"),
        (ServiceUnavailable("hunter2"), "cannot be reached"),
        (ConfigurationError("hunter2"), "cannot be read"),
        (ValueError("hunter2"), "cannot be read"),
    ],
)
def test_why_it_is_away_is_said_in_our_words(error: Exception, said: str) -> None:
    """Nothing of what a driver or a server says is repeated."""
    assert said in why_away(error)[0]
    assert "hunter2" not in "".join(why_away(error))
