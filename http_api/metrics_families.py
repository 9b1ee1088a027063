"""Turn what one process has counted, and how it stands now, into Prometheus' metric families."""

from __future__ import annotations

import math
import platform
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.samples import Sample

from http_api.problems import TITLES
from http_api.version import version
from realtime import codes
from realtime.bus import BusState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from http_api.http_counts import HttpCounts
    from realtime.census import Census
    from realtime.counts import Counts
    from realtime.durations import Durations
    from realtime.replica import Replica
    from store.graph.breaker import Breaker
    from store.graph.projector import Projector

__all__ = ["graph_families", "http_families", "realtime_families", "refusals_family"]

_CIRCUIT: Final = ("closed", "half_open", "open")


_NUMBERED: Final = codes.ErrorCode | codes.UnsubscribeCode | codes.CloseCode
# Every code that a client may be told (docs/errors.md), and so every one that a label may hold.
_CODES: Final = frozenset(
    {*TITLES, *(str(one.code) for one in vars(codes).values() if isinstance(one, _NUMBERED))}
)
_OTHER: Final = "other"


def http_families(counts: HttpCounts) -> Iterator[Metric]:
    """Tell of the requests."""
    build = {"version": version(), "python": platform.python_version()}
    yield InfoMetricFamily("lockstep_build", "What is running.", build)
    requests = CounterMetricFamily(
        "http_requests", "Requests that are over.", labels=["method", "route", "status"]
    )
    for (method, route, status), count in counts.requests.items():
        requests.add_metric([method, route, str(status)], count)
    yield requests
    durations = HistogramMetricFamily(
        "http_request_duration_seconds",
        "Seconds from a request's head to the end of its answer.",
        labels=["method", "route"],
    )
    for (method, route), took in counts.durations.items():
        _add(durations, {"method": method, "route": route}, took)
    yield durations


def realtime_families(replica: Replica, census: Census) -> Iterator[Metric]:
    """Tell of sockets, deliveries and how this replica keeps up with the logs."""
    yield from _standing(replica, census)
    counts = replica.counts
    for name, told, value in (
        ("publications", "Log entries taken for delivery, each once.", counts.publications),
        ("deliveries", "Log entries handed to subscriptions.", counts.deliveries),
        ("slow_readers", "Times a reader's waiting entries were dropped.", counts.slow_readers),
        ("gaps", "Times a log was found or suspected to be ahead of us.", counts.gaps),
        ("catch_up_pages", "Pages read for readers that are behind.", counts.pages),
    ):
        yield CounterMetricFamily(f"lockstep_{name}", told, value)
    late = HistogramMetricFamily(
        "lockstep_commit_to_delivery_seconds",
        "Age of log entries when they were handed to live subscriptions, one for each of these.",
    )
    _add(late, {}, counts.delivery_s)
    yield late
    repairs = CounterMetricFamily(
        "lockstep_gap_repairs", "Reads of the log that mend gaps.", labels=["outcome"]
    )
    repairs.add_metric(["repaired"], counts.repairs)
    repairs.add_metric(["failed"], counts.failed_repairs)
    yield repairs
    resumed = CounterMetricFamily(
        "lockstep_catch_ups", "Subscriptions that clients resumed.", labels=["outcome"]
    )
    for outcome, count in counts.catch_ups.items():
        resumed.add_metric([outcome], count)
    yield resumed


def _standing(replica: Replica, census: Census) -> Iterator[Metric]:
    """Tell how things stand at this moment."""
    open_now = GaugeMetricFamily(
        "lockstep_connections", "Open connections.", labels=["carrier", "encoding"]
    )
    for (carrier, subprotocol), count in census.connections.items():
        open_now.add_metric([carrier, subprotocol.removeprefix("centrifuge-")], count)
    yield open_now
    followed = GaugeMetricFamily("lockstep_subscriptions", "Subscriptions.", labels=["kind"])
    for kind, count in census.subscriptions.items():
        followed.add_metric([kind], count)
    yield followed
    bus = replica.bus_state
    yield _state("lockstep_bus_state", "The bus between replicas.", bus, tuple(BusState))
    for name, told, value in (
        ("ready", "1 when this replica can serve.", replica.ready),
        ("outbox_bytes", "Bytes that wait for all sockets together.", census.outbox_bytes),
        ("queueing_connections", "Connections for which something waits.", census.queueing),
        ("head_poll_lag_seconds", "Seconds since the logs' heads were read.", replica.poll_lag_s),
        ("loop_lag_seconds", "Seconds the event loop was late lately.", replica.loop_lag_s),
    ):
        yield GaugeMetricFamily(f"lockstep_{name}", told, value)


def graph_families(projector: Projector | None, breaker: Breaker | None) -> Iterator[Metric]:
    """Tell of the graph, as far as this process has to do with it; else without a sample."""
    lag = GaugeMetricFamily(
        "lockstep_projection_lag_seconds", "Age of the oldest list that waits for the graph."
    )
    waiting = GaugeMetricFamily(
        "lockstep_projection_waiting_lists", "Lists whose changes wait for the graph."
    )
    if projector is not None:
        lag.add_metric([], projector.lag_s)
        waiting.add_metric([], projector.waiting)
    yield lag
    yield waiting
    state = None if breaker is None else breaker.state
    yield _state("lockstep_circuit_state", "Whether Neo4j is asked.", state, _CIRCUIT)


def refusals_family(counts: Counts, http: HttpCounts) -> Metric:
    """Tell what was refused, by the code that the client was told; an unknown one is ``other``."""
    found: Counter[tuple[str, str]] = Counter()
    for (kind, number, text), count in counts.refusals.items():
        # The refusal of an rpc has an HTTP status for a number, which tells less than its word.
        code = text if text in TITLES else str(number)
        found[kind, code if code in _CODES else _OTHER] += count
    for word, count in http.refusals.items():
        found["problem", word if word in _CODES else _OTHER] += count
    family = CounterMetricFamily(
        "lockstep_refusals", "What clients were refused.", labels=["kind", "code"]
    )
    for labels, count in found.items():
        family.add_metric(labels, count)
    return family


def _state(name: str, told: str, state: str | None, states: tuple[str, ...]) -> Metric:
    """Give 1 for the present state and 0 for the others; ``state`` None: no sample."""
    family = GaugeMetricFamily(name, told, labels=["state"])
    if state is not None:
        for one in states:
            family.add_metric([one], one == state)
    return family


def _add(family: HistogramMetricFamily, labels: dict[str, str], durations: Durations) -> None:
    """Add a histogram; ``add_metric`` does the same, and takes three times as long for it."""
    name, count = f"{family.name}_bucket", 0
    for bound, count in durations.cumulative():
        family.samples.append(Sample(name, {**labels, "le": _bound(bound)}, count))
    family.samples.append(Sample(f"{family.name}_count", labels, count))
    family.samples.append(Sample(f"{family.name}_sum", {**labels}, durations.sum_s))


@cache
def _bound(seconds: float) -> str:
    return "+Inf" if seconds == math.inf else str(seconds)
