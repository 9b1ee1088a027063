"""Problems: one shape, the right header fields, and nothing that tells too much."""

from __future__ import annotations

import orjson
import pytest

from http_api.problems import problem_response
from http_api.refusals import Malformed, MethodNotAllowed, UpgradeRequired
from store.errors import (
    Invalid,
    LockstepError,
    NotFound,
    OutcomeUnknown,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)


def members(error: LockstepError) -> dict[str, object]:
    """Render and read back."""
    found: dict[str, object] = orjson.loads(bytes(problem_response(error, "r-1").body))
    return found


def test_a_problem_has_every_member() -> None:
    """RFC 9457 section 3.1, and ours beside."""
    response = problem_response(Malformed("It does not parse."), "r-1")
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert orjson.loads(bytes(response.body)) == {
        "type": "/docs#malformed",
        "title": "The request does not parse",
        "status": 400,
        "detail": "It does not parse.",
        "code": "malformed",
        "request_id": "r-1",
    }


def test_a_broken_rule_names_the_field() -> None:
    """422 says what is wrong, where."""
    assert members(Invalid([("title", "too long")]))["errors"] == [
        {"path": "title", "message": "too long"}
    ]


def test_nobody_can_tell_missing_from_foreign() -> None:
    """Whatever the inside says, the outside is one sentence."""
    assert (
        members(NotFound("no such list"))
        == members(NotFound("not a member"))
        == members(NotFound())
    )


def test_extra_members_come_along_but_hide_nothing() -> None:
    """A stale write shows the current todo; no extra can fake the status."""
    shown = members(Stale("Look again.", extra={"todo": {"id": "x"}, "status": 200}))
    assert shown["todo"] == {"id": "x"}
    assert shown["status"] == 412


@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (Unavailable(), "retry-after", "1"),
        (OutcomeUnknown(), "retry-after", "1"),
        (TooMany("slow down", retry_after_s=7), "retry-after", "7"),
        (MethodNotAllowed(["PUT", "GET"]), "allow", "GET, PUT"),
        (UpgradeRequired(), "upgrade", "websocket"),
        (Unauthenticated(), "www-authenticate", 'Bearer realm="lockstep"'),
        (
            Unauthenticated(code="token_expired"),
            "www-authenticate",
            'Bearer realm="lockstep", error="invalid_token"',
        ),
    ],
)
def test_a_status_brings_its_header_field(error: LockstepError, name: str, value: str) -> None:
    """What RFC 9110 and RFC 6750 ask of a status."""
    assert problem_response(error, "r-1").headers[name] == value


def test_an_unknown_outcome_is_said_to_be_unknown() -> None:
    """It is safe to send again, and it may have happened."""
    shown = members(OutcomeUnknown())
    assert (shown["status"], shown["code"], shown["outcome"]) == (503, "outcome_unknown", "unknown")
