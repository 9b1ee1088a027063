"""The formats that Prometheus reads, against the client library's own writers and readers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from http_api.exposition import spell_openmetrics, spell_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
VALUE = st.floats(allow_nan=False) | st.integers(0, 2**53)


class _Families:
    """Stand for a registry."""

    def __init__(self, *families: Metric) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Give them."""
        return self._families


def _shown(read: Callable[..., Any], page: bytes) -> list[Any]:
    return [(one.name, one.documentation, one.type, one.samples) for one in read(page.decode())]


@given(TEXT, TEXT, VALUE, st.floats(0, 1e9), st.integers(0, 9))
def test_pages_say_what_the_library_would_have_said(
    one: str, two: str, value: float, total: float, count: int
) -> None:
    """In both formats, whatever stands in labels, and however large a figure is."""
    counter = CounterMetricFamily("lockstep_refusals", "Told \\ of.\nTwice.", labels=["b", "a"])
    counter.add_metric([one, two], total)
    gauge = GaugeMetricFamily("lockstep_outbox_bytes", "Bytes that wait.", value=value)
    histogram = HistogramMetricFamily("http_request_duration_seconds", "Seconds.", labels=["route"])
    histogram.add_metric([one], [("0.005", count), ("1.0", count), ("+Inf", count + 1)], total)
    info = InfoMetricFamily("lockstep_build", "What is running.", {"version": two})
    empty = GaugeMetricFamily("lockstep_projection_lag_seconds", "Nobody knows.")
    families = _Families(counter, gauge, histogram, info, empty)
    ours, theirs = spell_text(families.collect()), generate_latest(families)
    assert _shown(read_text, ours) == _shown(read_text, theirs)
    ours = spell_openmetrics(families.collect())
    theirs = openmetrics.generate_latest(families)  # type: ignore[no-untyped-call]
    assert _shown(read_openmetrics, ours) == _shown(read_openmetrics, theirs)


@pytest.mark.parametrize(
    ("value", "spelled"),
    [(3, b"3.0"), (True, b"1.0"), (math.inf, b"+Inf"), (-math.inf, b"-Inf"), (math.nan, b"NaN")],
)
def test_figures_are_spelled_as_go_reads_them(value: float, spelled: bytes) -> None:
    """Also those that are no number."""
    page = spell_text([GaugeMetricFamily("one", "One.", value=value)])
    assert page == b"# HELP one One.\n# TYPE one gauge\none %b\n" % spelled
