"""PostgreSQL restarted, crashed, frozen and its connections ended, while people write."""

from __future__ import annotations

import asyncio
import time

import asyncpg
import pytest

from tests.faults.crowd import Crowd
from tests.faults.service import Service
from tests.faults.trial import wrong_with
from tests.servers.process import Process

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

_END_ONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = $1 AND application_name = 'lockstep' ORDER BY state = 'idle', random() LIMIT 1
"""


async def test_postgresql_may_be_restarted(hurt: Service) -> None:
    """A fast restart: writes are refused as to be tried again, sockets stay, pools recover."""
    async with Crowd.at(hurt) as crowd:
        async with crowd.writing():
            assert await asyncio.to_thread(_server(hurt).stop) == 0
            await asyncio.sleep(1)
            await asyncio.to_thread(hurt.postgresql.launch, hurt.run)
            await crowd.back(time.monotonic())
            await crowd.remove_guest()

        await _is_whole(crowd)


async def test_postgresql_may_crash(hurt: Service) -> None:
    """Kill -9 of every process of it, twice: what was acknowledged is there after recovery."""
    async with Crowd.at(hurt) as crowd:
        async with crowd.writing():
            for _ in range(2):
                await asyncio.to_thread(_server(hurt).kill)
                await asyncio.to_thread(hurt.postgresql.launch, hurt.run)
                await crowd.back(time.monotonic())
                await crowd.acked(200)
            await crowd.remove_guest()

        await _is_whole(crowd)


async def test_postgresql_may_freeze(hurt: Service) -> None:
    """Twelve seconds without an answer: each request ends in time, no connection stays lost."""
    async with Crowd.at(hurt) as crowd:
        async with crowd.writing():
            _server(hurt).pause()
            removal = asyncio.create_task(crowd.remove_guest())
            await asyncio.sleep(12)
            _server(hurt).resume()
            await crowd.back(time.monotonic())
            await removal

        await _is_whole(crowd)


async def test_connections_to_postgresql_may_be_ended(hurt: Service) -> None:
    """Five of them a second, busy ones first: what was in doubt is done once."""
    ended = 0
    connection = await asyncpg.connect(hurt.postgresql.url("postgres", user="postgres"))
    try:
        async with Crowd.at(hurt, pause_s=0.01) as crowd:
            async with crowd.writing():
                for step in range(40):
                    ended += len(await connection.fetch(_END_ONE, hurt.database))
                    await asyncio.sleep(0.2)
                    if step == 20:
                        await crowd.remove_guest()
                await crowd.back(time.monotonic())

            await _is_whole(crowd)
            assert ended >= 20
    finally:
        await connection.close()


async def _is_whole(crowd: Crowd) -> None:
    assert await wrong_with(crowd) == []
    assert crowd.history.doubted, "no write was in doubt"
    assert not any(device.closes for device in crowd.devices), "a socket did not stay"
    assert "idle-in-transaction timeout" not in _server(crowd.service).log(last=10_000_000)


def _server(service: Service) -> Process:
    assert service.postgresql.process is not None
    return service.postgresql.process
