"""The page about metrics, against what is shown."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from http_api.http_counts import HttpCounts
from http_api.metrics import Metrics
from realtime.bus_memory import MemoryBus
from realtime.replica import Replica
from store.engines import StoreSettings
from store.store import open_store
from tests.docs.pages import page, rows
from tests.http_api.service import serving

DOCS = page("docs/metrics.md")
_NAME = re.compile(r"(?:lockstep|http|process)_[a-z_]+")


def _described() -> dict[str, str]:
    """Give the names of the tables with their types."""
    return {
        row[0].strip("`"): row[1]
        for row in rows(DOCS)
        if len(row) == 4 and _NAME.fullmatch(row[0].strip("`"))
    }


async def _shown(sqlite_url: str) -> dict[str, str]:
    """Give the names of a replica's families with their types."""
    store = await open_store(StoreSettings(sqlite_url))
    try:
        replica = Replica(store, MemoryBus(), lambda _: None)  # type: ignore[arg-type, return-value]
        text, _ = await Metrics(replica, HttpCounts()).page()
    finally:
        await store.aclose()
    heads = re.findall(r"^# TYPE (\S+) (\S+)$", text.decode(), re.MULTILINE)
    assert len(heads) == len(dict(heads))
    return dict(heads)


async def test_every_metric_is_described_with_its_type(sqlite_url: str) -> None:
    """The page names each family that a replica shows, and no other."""
    assert _described() == await _shown(sqlite_url)


async def test_alerts_ask_for_what_there_is(sqlite_url: str) -> None:
    """An expression about a name that nobody shows would never fire."""
    shown = await _shown(sqlite_url)
    names = {re.sub("_(bucket|count|sum)$", "", name) for name in _NAME.findall(DOCS)}
    assert names - {"http_stream"} <= shown.keys()  # a carrier, not a name


async def test_every_label_is_described(sqlite_url: str) -> None:
    """Whoever writes an expression finds by what a figure can be told apart."""
    told = {
        row[0].strip("`"): set(re.findall("`([a-z_]+)`", row[2]))
        for row in rows(DOCS)
        if len(row) == 4 and row[0].strip("`") in _described()
    }
    async with serving(database_url=sqlite_url) as service:
        await service.http.get("/nowhere")
        shown = (await service.http.get("/metrics")).text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(shown):
        name = family.name + ("_total" if family.type == "counter" else "")
        for sample in family.samples:
            found.setdefault(name, set()).update(sample.labels.keys() - {"le"})
    assert len(found) > 20
    assert found == {name: told[name] for name in found}
