"""Serve routes over a real store and replica, without a server and without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from starlette.routing import Router
from starlette.types import ASGIApp

from http_api.boundary import Boundary
from http_api.dispatch import routes_of
from http_api.http_counts import HttpCounts
from http_api.identity import open_identity
from http_api.inboxes import Inboxes
from http_api.metrics import Metrics
from http_api.origins import OriginPolicy
from http_api.services import Services
from http_api.settings import Settings
from http_api.table import ENDPOINTS
from realtime.bus_memory import MemoryBus
from realtime.clock import Clock
from realtime.replica import Replica
from realtime.snapshot_cache import MemorySnapshots
from realtime.snapshots import Snapshots
from store.engines import StoreSettings
from store.graph.advisor import Advisor
from store.graph.graph_memory import MemoryGraph
from store.graph.on_demand import OnDemand
from store.graph.source import GraphSource
from store.invites import Invites
from store.log_id import LogId
from store.store import open_store

API = "/api/v1"
PASSWORD = "tulip-bench-42"


class Edge:
    """Hold the app and what stands behind it; make clients with ``client``."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self.services = services
        self.accounts = services.identity.accounts

    async def ended(self) -> list[str | None]:
        """Name the sessions that the control log says have ended; None: all of a user."""
        read = await self.services.store.read_log(LogId.CONTROL, None, 0)
        return [orjson.loads(entry.data)["session"] for entry in read.entries]

    def client(self, origin: str = "http://127.0.0.1:8000", **headers: str) -> httpx.AsyncClient:
        """Make a client with cookies of its own; an https origin makes it come over TLS."""
        transport = httpx.ASGITransport(self._app)
        return httpx.AsyncClient(transport=transport, base_url=origin + API, headers=headers)

    @asynccontextmanager
    async def member(self, name: str = "ann") -> AsyncIterator[httpx.AsyncClient]:
        """Register someone and give a client that sends their access token."""
        async with self.client() as client:
            proof = {"username": name, "password": PASSWORD}
            assert (await client.post("/auth/register", json=proof)).status_code == 201
        async with self.device(name) as client:
            yield client

    @asynccontextmanager
    async def device(
        self, name: str = "ann", agent: str = "phone"
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Log someone in on one more device and give a client that sends its access token."""
        async with self.client(**{"User-Agent": agent}) as client:
            proof = {"username": name, "password": PASSWORD}
            tokens = (await client.post("/auth/login", json=proof)).json()
            client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
            yield client


@asynccontextmanager
async def open_edge(url: str, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Edge]:
    """Open every route over the database at ``url``; passwords are hashed in earnest.

    The replica goes by ``clock``, None: the machine's.
    """
    given = Settings(_env_file=None, secret_key="0123456789abcdef" * 4, **settings)
    store = await open_store(StoreSettings(url))
    with open_identity(store, given) as identity:
        replica = Replica(store, MemoryBus(), identity.tokens.authenticate, clock=clock)
        await replica.start()
        graph, counts = MemoryGraph(), HttpCounts()
        services = Services(
            settings=given,
            store=store,
            replica=replica,
            authenticate=identity.tokens.authenticate,
            origins=OriginPolicy.of(given.allowed_origins),
            inboxes=Inboxes(identity.accounts),
            identity=identity,
            invites=Invites(store, b"i" * 32),
            snapshots=Snapshots(store, MemorySnapshots()),
            advisor=Advisor(graph, store, prepare=OnDemand(GraphSource(store), graph).prepare),
            metrics=Metrics(replica, counts),
        )
        router = Router(routes_of(ENDPOINTS, lambda: services), redirect_slashes=False)
        yield Edge(Boundary(router, counts), services)
        await replica.stop()
    await store.aclose()
