"""What is said of Redis, from what a login sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from redis import exceptions

from http_api.doctor.bus import judge, why_away
from http_api.doctor.finding import Mark
from http_api.settings import Settings
from realtime.redis_condition import RedisCondition, RedisServer

SERVER = RedisServer(
    address="h:6379",
    version="7.0.15",
    role="master",
    carries=True,
    forbidden=None,
    configured={
        "maxmemory": "268435456",
        "maxmemory-policy": "volatile-ttl",
        "client-output-buffer-limit": "normal 0 0 0 slave 256 64 60 pubsub 33554432 8388608 60",
    },
)
HEALTHY = RedisCondition(False, True, (SERVER,))


def test_a_healthy_server_is_ok_in_every_line(production: Settings) -> None:
    """Version, messages and memory."""
    told = judge(HEALTHY, production)
    assert [one.mark for one in told] == [Mark.OK] * 3


def test_limits_that_are_not_shown_are_not_guessed(production: Settings) -> None:
    """The users file of the containers lets Lockstep see no configuration, and that is right."""
    told = judge(RedisCondition(False, True, (replace(SERVER, configured={}),)), production)
    assert {one.mark for one in told} == {Mark.OK}


@pytest.mark.parametrize(
    ("changed", "mark", "subject", "said"),
    [
        ({"version": "6.2.1"}, "wrong", "redis version", "6.2.1"),
        ({"version": ""}, "wrong", "redis version", "below 6"),
        ({"carries": False}, "wrong", "redis messages", "nobody who had subscribed"),
        ({"forbidden": "PUBLISH", "carries": False}, "wrong", "redis messages", "PUBLISH"),
        ({"role": "replica"}, "wrong", "redis messages", "replica"),
        (
            {"configured": {"client-output-buffer-limit": "normal 0 0 0 pubsub 0 0 0"}},
            "warning",
            "redis memory",
            "no limit for pubsub",
        ),
        (
            {"configured": {"maxmemory": "1", "maxmemory-policy": "noeviction"}},
            "warning",
            "redis memory",
            "noeviction",
        ),
    ],
)
def test_each_fault_gives_its_line_and_no_other(
    production: Settings, changed: Mapping[str, Any], mark: str, subject: str, said: str
) -> None:
    """Of one of several servers, too."""
    found = RedisCondition(True, True, (SERVER, replace(SERVER, **changed)))
    [told] = [one for one in judge(found, production) if one.mark is not Mark.OK]
    assert (told.mark, told.subject) == (mark, subject)
    assert said in told.says
    assert told.advice.endswith(".")


def test_a_cluster_without_all_slots_is_wrong(production: Settings) -> None:
    """Lists whose slot nobody has are told of by the look at the heads alone."""
    [told] = [
        one
        for one in judge(RedisCondition(True, False, (SERVER,)), production)
        if one.mark is not Mark.OK
    ]
    assert (told.mark, told.subject) == (Mark.WRONG, "redis cluster")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.AuthenticationError("hunter2"), "refuses the login"),
        (exceptions.BusyLoadingError("hunter2"), "still loading"),
        (exceptions.TimeoutError("hunter2"), "does not answer in time"),
        (TimeoutError("hunter2"), "does not answer in time"),
        (exceptions.ResponseError("hunter2"), "refuses what a bus needs"),
        (exceptions.InvalidResponse("hunter2"), "does not speak like Redis"),
        (ConnectionRefusedError(111, "hunter2"), "connection refused"),
        (exceptions.ConnectionError("hunter2"), "hung up"),
        (exceptions.RedisClusterException("hunter2"), "has an address"),
        (ValueError("hunter2"), "cannot be read"),
    ],
)
def test_why_it_is_away_is_said_in_our_words(error: Exception, said: str) -> None:
    """Nothing of what a driver or a server says is repeated."""
    assert said in why_away(error)[0]
    assert "hunter2" not in "".join(why_away(error))
