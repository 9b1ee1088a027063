"""What is counted, as Prometheus' families."""

from __future__ import annotations

from typing import Any

import pytest

from http_api.http_counts import HttpCounts
from http_api.metrics_families import graph_families, http_families, refusals_family
from realtime.counts import Counts
from store.errors import LockstepError, NotFound
from store.graph.breaker import Breaker


def values(family: Any, name: str = "") -> dict[tuple[str, ...], float]:
    """Give a family's samples (of one name, or all) by the values of their labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for sample in family.samples
        if name in ("", sample.name)
    }


def test_a_code_that_nobody_knows_is_other() -> None:
    """No mistake of ours may make a series of something that came from outside."""
    counts, http = Counts(), HttpCounts()
    counts.refused("error", 103, "permission denied")
    counts.refused("error", 404, "not_found")
    counts.refused("error", 424_242, "made up")
    counts.refused("error", 424_243, "made up, too")
    counts.refused("close", 3008, "slow reader")
    http.refused(NotFound())
    http.refused(LockstepError(code="groceries"))
    http.refused(LockstepError(code="birthday"))
    assert values(refusals_family(counts, http)) == {
        ("error", "103"): 1,
        ("error", "not_found"): 1,
        ("error", "other"): 2,
        ("close", "3008"): 1,
        ("problem", "not_found"): 1,
        ("problem", "other"): 2,
    }


def test_a_histogram_ends_with_infinity_and_holds_all() -> None:
    """As the format wants it: cumulative, with a sum and a count."""
    http = HttpCounts()
    for seconds in (0.001, 0.03, 60.0):
        http.answered("GET", "/", 200, seconds)
    build, requests, durations = http_families(http)
    assert build.samples[0].value == 1
    assert values(requests) == {("GET", "/", "200"): 3}
    buckets = values(durations, "http_request_duration_seconds_bucket")
    assert buckets["GET", "/", "0.005"] == 1
    assert buckets["GET", "/", "0.05"] == 2
    assert buckets["GET", "/", "+Inf"] == 3
    assert values(durations, "http_request_duration_seconds_count") == {("GET", "/"): 3}
    summed = values(durations, "http_request_duration_seconds_sum")
    assert summed["GET", "/"] == pytest.approx(60.031)


def test_exactly_one_state_is_the_present_one() -> None:
    """The others are there too, with 0; without Neo4j there is none at all."""
    breaker = Breaker(1, 60, lambda _: None)
    *_, circuit = graph_families(None, breaker)
    assert values(circuit) == {("closed",): 1, ("half_open",): 0, ("open",): 0}
    assert [family.samples for family in graph_families(None, None)] == [[], [], []]
