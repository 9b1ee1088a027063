"""Serve routes over a real store, without a server and without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import httpx
from starlette.routing import Router

from http_api.boundary import Boundary
from http_api.dispatch import routes_of
from http_api.identity import Identity, open_identity
from http_api.inboxes import Inboxes
from http_api.origins import OriginPolicy
from http_api.services import Services
from http_api.settings import Settings
from http_api.table import ENDPOINTS
from realtime.revocation import Revocations, read_revocation
from store.engines import StoreSettings
from store.entry import Entry
from store.store import open_store

API = "/api/v1"
PASSWORD = "tulip-bench-42"


class Listening:
    """Stand where the replica stands: hear of ended sessions and remember them, as it does."""

    def __init__(self) -> None:
        self.revocations = Revocations(3_600)
        self.heard: list[Entry] = []

    def announce(self, entries: tuple[Entry, ...]) -> None:
        """Take entries of the control log in."""
        for entry in entries:
            self.heard.append(entry)
            revocation = read_revocation(entry)
            assert revocation is not None
            self.revocations.add(revocation)

    def is_revoked(self, session: UUID, user: UUID, issued_at: float) -> bool:
        """Tell whether a session has ended."""
        return self.revocations.covers(session, user, issued_at)


class Edge:
    """Hold the app and what stands behind it; make clients with ``client``."""

    def __init__(self, app: Any, identity: Identity, replica: Listening) -> None:
        self._app = app
        self.identity = identity
        self.replica = replica

    def client(self, origin: str = "http://127.0.0.1:8000", **headers: str) -> httpx.AsyncClient:
        """Make a client with cookies of its own; an https origin makes it come over TLS."""
        # Raising would hide what the boundary answers.
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
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
async def open_edge(url: str, **settings: Any) -> AsyncIterator[Edge]:
    """Open every route over the database at ``url``; passwords are hashed in earnest."""
    given = Settings(_env_file=None, secret_key="0123456789abcdef" * 4, **settings)
    store = await open_store(StoreSettings(url))
    replica = Listening()
    with open_identity(store, given) as identity:
        services = Services(
            settings=given,
            store=store,
            replica=cast("Any", replica),
            authenticate=identity.tokens.authenticate,
            origins=OriginPolicy.of(given.allowed_origins),
            inboxes=Inboxes(identity.accounts),
            identity=identity,
        )
        yield Edge(
            Boundary(Router(routes_of(ENDPOINTS, lambda: services), redirect_slashes=False)),
            identity,
            replica,
        )
    await store.aclose()
