"""Show what a process counts and how it stands, as Prometheus asks for it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as TEXT
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from http_api.metrics_families import (
    graph_families,
    http_families,
    realtime_families,
    refusals_family,
)
from http_api.worker_pages import merged
from realtime.census import NOBODY, take_census

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from http_api.http_counts import HttpCounts
    from http_api.worker_pages import WorkerPages
    from realtime.replica import Replica
    from store.graph.breaker import Breaker
    from store.graph.projector import Projector

__all__ = ["Metrics"]

log = structlog.get_logger("lockstep.metrics")

_SHOWN_EVERY_S: Final = 5.0


class Metrics(Collector):
    """Collect one process' metrics when they are asked for; nothing is kept for it meanwhile.

    Looks once at each connection and each followed log, without I/O. ``projector`` and
    ``breaker`` None: this process has none. ``pages``: where the processes that share its port show
    each other what they count; None: it is alone. Then nothing says which worker it is.
    """

    def __init__(
        self,
        replica: Replica,
        http: HttpCounts,
        *,
        projector: Projector | None = None,
        breaker: Breaker | None = None,
        pages: WorkerPages | None = None,
    ) -> None:
        self._replica = replica
        self._http = http
        self._projector = projector
        self._breaker = breaker
        self._pages = pages
        self._failing = False
        self._census = NOBODY  # the last one taken
        # Not the global one: a process may have several apps.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def collect(self) -> Iterator[Metric]:
        """Give the families of this process, without those that the system knows of it."""
        yield from http_families(self._http)
        yield refusals_family(self._replica.counts, self._http)
        yield from realtime_families(self._replica, self._census)
        yield from graph_families(self._projector, self._breaker)

    async def page(self, accept: str = "") -> tuple[bytes, str]:
        """Give the page and its media type, as the field Accept would have it.

        OpenMetrics when that is named, else, and always with several processes, Prometheus' text.
        """
        await self._look_round()
        if self._pages is not None:
            return merged([self._show(self._pages), *self._others(self._pages)]), TEXT
        if "application/openmetrics-text" in accept:
            page = openmetrics.generate_latest(self._registry)  # type: ignore[no-untyped-call]
            return page, openmetrics.CONTENT_TYPE_LATEST
        return generate_latest(self._registry), TEXT

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the other processes this one's metrics, every 5 s while the block lasts."""
        task = None if self._pages is None else asyncio.create_task(self._show_on(self._pages))
        try:
            yield
        finally:
            if task is not None:
                task.cancel()

    async def _show_on(self, pages: WorkerPages) -> None:
        while True:
            await self._look_round()
            self._show(pages)
            await asyncio.sleep(_SHOWN_EVERY_S)

    async def _look_round(self) -> None:
        replica = self._replica
        self._census = await take_census(replica.connections, replica.hub.feeds.values())

    def _show(self, pages: WorkerPages) -> bytes:
        """Write this process' page for the others, before anybody sees it; give it.

        In one turn of the loop: a page written later never tells of less.
        """
        page = generate_latest(_Worker(self._registry, str(pages.number)))
        try:
            pages.keep(page)
        except OSError as error:
            if not self._failing:
                log.warning("metrics_not_shown", directory=str(pages.directory), error=str(error))
            self._failing = True
        else:
            self._failing = False
        return page

    def _others(self, pages: WorkerPages) -> list[bytes]:
        try:
            return pages.others()
        except OSError as error:
            log.warning("metrics_not_seen", directory=str(pages.directory), error=str(error))
            return []


class _Worker(Collector):
    """Collect what a registry does, each sample with the number of its process."""

    def __init__(self, registry: CollectorRegistry, number: str) -> None:
        self._registry = registry
        self._number = number

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            for sample in family.samples:
                sample.labels["worker"] = self._number  # they are made anew for each page
            yield family
