"""Who asks is known by their token, as long as the server can know that it still counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from store.errors import Unavailable
from tests.http_api.routes.edge import open_edge
from tests.http_api.service import serving
from tests.realtime.conftest import FakeClock
from tests.servers.deadline import eventually
from tests.servers.postgresql import TEMPLATE, PostgreSQL


async def accepted(get: Callable[[str], Awaitable[httpx.Response]]) -> None:
    """Ask until the token counts again: the look at the database is a real one."""

    async def counts() -> bool:
        return (await get("/me")).status_code == 200

    await eventually(counts, "an answer that is not 503")


async def test_a_server_without_word_from_its_database_takes_no_token(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After 10 s a session may have ended without its knowing: 503, until it hears again."""
    clock = FakeClock()
    async with open_edge(sqlite_url, clock, rate_limits=False) as edge, edge.member() as ann:

        async def nothing(*_: Any) -> Any:
            raise Unavailable("cut off")

        with monkeypatch.context() as cut:
            cut.setattr(edge.services.store, "heads", nothing)
            await clock.advance(9)
            assert (await ann.get("/me")).status_code == 200
            await clock.advance(1.5)
            for method, path in (("GET", "/me"), ("POST", "/lists"), ("POST", "/auth/logout")):
                refused = await ann.request(method, path)
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                assert refused.headers["retry-after"] == "1"
            assert (await ann.get("/me", headers={"Authorization": "Bearer x"})).status_code == 401
            ready = await ann.get("http://127.0.0.1:8000/health/ready")
            assert ready.status_code == 503
            live = await ann.get("http://127.0.0.1:8000/health/live")
            assert live.status_code == 200
        await clock.advance(1.5)
        await accepted(ann.get)


async def test_a_frozen_postgresql_makes_a_server_refuse_at_once(
    own_postgresql: PostgreSQL,
) -> None:
    """Not one request after the other by its timeout; and it is over when the freeze is."""
    server = own_postgresql.process
    assert server is not None
    async with serving(database_url=own_postgresql.url(TEMPLATE)) as service:
        ann = await service.register("ann")
        server.pause()
        try:
            async with asyncio.timeout(30):
                while True:
                    began = time.monotonic()
                    refused = await ann.get("/me")
                    assert refused.status_code == 503
                    if "cut off" in refused.json()["detail"]:
                        break
            assert time.monotonic() - began < 2.0
        finally:
            server.resume()
        await accepted(ann.get)
