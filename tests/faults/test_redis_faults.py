"""Redis killed, frozen, emptied and cut off under load: a hint is lost, never a change."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.faults.crowd import Crowd
from tests.faults.lateness import Lateness
from tests.faults.redis_proxy import RedisProxy
from tests.faults.service import Service
from tests.faults.trial import wrong_with
from tests.servers.deadline import eventually
from tests.servers.process import Process

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


async def test_redis_may_be_killed(pair: Service) -> None:
    """No write waits or fails; changes come with the look at the heads, every second.

    The list that is measured is written to at one replica only: where both write, each hears of a
    gap by its own next write.
    """
    lateness = Lateness()
    async with Crowd.at(pair, cool_at=0) as crowd:
        async with crowd.writing():
            redis = _redis(pair)
            redis.kill()
            await _logged(crowd, "bus_lost")
            since = time.monotonic()
            async with lateness.watched():
                await crowd.remove_guest()
                await crowd.acked(200)
                await asyncio.sleep(max(0.0, since + 4 - time.monotonic()))
            until = time.monotonic()
            pair.redis.launch(pair.run)
            await _logged(crowd, "bus_restored")
            await crowd.acked(200)

        assert await wrong_with(crowd) == []
        assert not crowd.history.doubted, "a write noticed"
        delays = crowd.delays(crowd.lists[1], since, until)
        late, latest = delays[len(delays) * 99 // 100], delays[-1]
        slack = 10 * lateness.p99()
        print(f"{len(delays)} delays, p99 {late:.2f}, longest {latest:.2f}, slack {slack:.2f}")
        assert 0.2 <= late <= 1.5 + slack
        assert latest <= 3 + slack


async def test_redis_may_freeze(pair: Service) -> None:
    """Connections stay open and nobody answers: noticed by the heartbeat that does not return."""
    async with Crowd.at(pair) as crowd:
        async with crowd.writing():
            redis = _redis(pair)
            redis.pause()
            await _logged(crowd, "bus_lost")
            await crowd.acked(100)
            await crowd.remove_guest()
            redis.resume()
            await _logged(crowd, "bus_restored")
            await crowd.acked(100)

        assert await wrong_with(crowd) == []
        assert not crowd.history.doubted, "a write noticed"


async def test_redis_may_be_emptied(pair: Service) -> None:
    """FLUSHALL, again and again: what is kept there can be had from the log."""
    kept = 0
    async with Crowd.at(pair) as crowd:
        async with crowd.writing():
            for _ in range(10):
                await crowd.acked(80)
                kept += int(pair.redis.command("DBSIZE").strip(":\r\n"))
                assert pair.redis.command("FLUSHALL") == "+OK\r\n"
            await crowd.remove_guest()

        assert await wrong_with(crowd) == []
        assert not crowd.history.doubted, "a write noticed"
        assert kept, "there was nothing to lose"


async def test_subscribers_may_be_cut_off(pair: Service) -> None:
    """CLIENT KILL of every subscriber: each comes back, and catches up before it trusts again."""
    async with Crowd.at(pair) as crowd:
        async with crowd.writing():
            for times in range(1, 4):
                await crowd.acked(100)
                cut = pair.redis.command("CLIENT", "KILL", "TYPE", "pubsub")
                assert cut == f":{len(pair.replicas)}\r\n"
                await _logged(crowd, "bus_lost", times=times)
                await _logged(crowd, "bus_restored", times=times)
            await crowd.remove_guest()

        assert await wrong_with(crowd) == []
        assert not crowd.history.doubted, "a write noticed"


async def test_messages_may_be_lost(pair: Service, proxy: RedisProxy) -> None:
    """One of a hundred messages never comes, and nothing says so: the next one shows the gap."""
    async with Crowd.at(pair) as crowd:
        proxy.lost, proxy.lose_one_in = 0, 100
        try:
            async with crowd.writing():
                await crowd.acked(500)
                await crowd.remove_guest()
                # Half of the writes come from the other replica, through the proxy.
                await crowd.acked(500)
        finally:
            proxy.lose_one_in = 0

        assert await wrong_with(crowd) == []
        assert not crowd.history.doubted, "a write noticed"
        assert proxy.lost >= 3
        assert not any(crowd.journal.events("bus_lost")), "the loss was not a silent one"


async def test_a_replica_may_be_killed_between_commit_and_publish(
    pair: Service, proxy: RedisProxy
) -> None:
    """What it acknowledged but never told anyone reaches everyone from the log."""
    async with Crowd.at(pair) as crowd:
        async with crowd.writing():
            for _ in range(3):
                proxy.swallowed, proxy.deaf = 0, True
                told = _acked_at_first(crowd)
                await eventually(
                    lambda told=told: _acked_at_first(crowd) >= told + 20,  # type: ignore[misc]
                    "changes are acknowledged and not told",
                    within_s=60,
                )
                await pair.replicas[0].kill()
                assert proxy.swallowed
                proxy.deaf = False
                await crowd.acked(50)
                await pair.replicas[0].launch()
            healed = time.monotonic()
            await crowd.remove_guest()
            await crowd.back(healed)

        assert await wrong_with(crowd) == []
        assert crowd.history.doubted, "no write was in doubt"


def _acked_at_first(crowd: Crowd) -> int:
    return sum(write.at == 0 for write in crowd.history.acked)


def _redis(service: Service) -> Process:
    assert service.redis.process is not None
    return service.redis.process


async def _logged(crowd: Crowd, event: str, *, times: int = 1) -> None:
    """Wait until every replica has said ``event`` so often."""
    await eventually(
        lambda: all(len(found) >= times for found in crowd.journal.events(event)),
        f"{event} at every replica",
        within_s=60,
    )
