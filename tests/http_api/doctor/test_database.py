"""What is said of a PostgreSQL, from what a login sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from http_api.doctor.database import judge, why_away
from http_api.doctor.finding import Finding, Mark
from http_api.settings import Settings
from store.condition import Condition, Role
from store.database import Pool
from store.revisions import Revisions
from tests.http_api.doctor.conftest import MakeSettings

REVISIONS = Revisions()
BOUND = Role(unbound=False, open=True)
ROLES = {pool.value: BOUND for pool in Pool}
HEALTHY = Condition(
    login="lockstep",
    version=150_004,
    version_shown="15.4",
    standby=False,
    read_only=False,
    encoding="UTF8",
    login_unbound=False,
    roles=ROLES,
    dangers=(),
    connections=97,
    clock_s=0.0,
    started=datetime(2026, 1, 1, tzinfo=UTC),
    database="lockstep",
    written=1,
    revision=REVISIONS.newest,
    readable=True,
    epoch="e",
)


def _bad(settings: Settings, **changed: Any) -> list[Finding]:
    found = replace(HEALTHY, **changed)
    return [one for one in judge(found, settings, REVISIONS) if one.mark is not Mark.OK]


def test_a_healthy_server_is_ok_in_every_line(production: Settings) -> None:
    """One line for each thing that is looked at, and no advice in any."""
    told = judge(HEALTHY, production, REVISIONS)
    assert [one.mark for one in told] == [Mark.OK] * 6
    assert not any(one.advice for one in told)


@pytest.mark.parametrize(
    ("changed", "mark", "subject", "said"),
    [
        ({"version": 140_010, "version_shown": "14.10"}, "wrong", "database version", "14.10"),
        ({"login_unbound": True}, "warning", "database login", "superuser"),
        (
            {"roles": ROLES | {"lockstep_app": Role(unbound=True, open=True)}},
            "wrong",
            "database login",
            "lockstep_app",
        ),
        (
            {"roles": ROLES | {"lockstep_auth": Role(unbound=False, open=False)}},
            "wrong",
            "database login",
            "may not act as lockstep_auth",
        ),
        ({"revision": None, "epoch": None}, "wrong", "database schema", "none yet"),
        ({"revision": None, "readable": False}, "wrong", "database schema", "none yet"),
        ({"roles": {}, "revision": None}, "wrong", "database schema", "none yet"),
        ({"revision": REVISIONS.names[0]}, "wrong", "database schema", REVISIONS.needed),
        ({"revision": "9999"}, "warning", "database schema", "newer version"),
        ({"dangers": ("fsync",)}, "wrong", "database safety", "fsync off"),
        (
            {"dangers": ("fsync", "synchronous_commit")},
            "wrong",
            "database safety",
            "fsync, synchronous_commit off",
        ),
        ({"standby": True}, "wrong", "database safety", "standby"),
        ({"read_only": True}, "wrong", "database safety", "read-only"),
        ({"encoding": "SQL_ASCII"}, "wrong", "database safety", "SQL_ASCII"),
        ({"connections": 37}, "warning", "database connections", "37 in all, 19 a process"),
        ({"clock_s": 1.5}, "warning", "clock", "1.5 s ahead of"),
        ({"clock_s": -1.5}, "warning", "clock", "1.5 s behind"),
        ({"clock_s": -5.5}, "wrong", "clock", "5.5 s behind"),
    ],
)
def test_each_fault_gives_its_line_and_no_other(
    production: Settings, changed: Mapping[str, Any], mark: str, subject: str, said: str
) -> None:
    """What is wrong with one thing is not said of another, and there is a way out."""
    [told] = _bad(production, **changed)
    assert (told.mark, told.subject) == (mark, subject)
    assert said in told.says
    assert told.advice.endswith(".")


def test_as_many_connections_as_processes_need_are_enough(make_settings: MakeSettings) -> None:
    """A worker takes as many as a replica may; what is just enough is enough."""
    settings = make_settings(
        database_url="postgresql://me:x@db/lockstep",
        redis_url="redis://h",
        secret_key="0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778",
        workers=3,
    )
    assert _bad(settings, connections=4 * 19) == []
    [told] = _bad(settings, connections=4 * 19 - 1)
    assert "max_connections" in told.advice


def test_an_after_half_that_is_missing_is_only_looked_at(production: Settings) -> None:
    """Between the halves of an upgrade everything serves."""
    revisions = Revisions()
    revisions.names = (*revisions.names, "9998")
    revisions._halves = {**revisions._halves, "9998": "after"}

    told = [one for one in judge(HEALTHY, production, revisions) if one.mark is not Mark.OK]

    assert [(one.mark, one.subject) for one in told] == [(Mark.WARNING, "database schema")]
    assert "lockstep migrate" in told[0].advice


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError(), "does not answer in time"),
        (ConnectionRefusedError(111, "Connect call failed ('h', 1)"), "(connection refused)"),
        (OSError("Multiple exceptions"), "cannot be reached"),
        (ValueError("postgresql://me:hunter2@db"), "URL cannot be read"),
        (TypeError("connect() got an unexpected keyword argument 'hunter2'"), "an option"),
        (RuntimeError("hunter2"), "does not speak like PostgreSQL"),
    ],
)
def test_why_it_is_away_is_said_in_our_words(error: Exception, said: str) -> None:
    """Nothing of what a driver says is repeated."""
    assert said in why_away(error)[0]
    assert "hunter2" not in why_away(error)[0]
