"""Replicas that are killed, stopped, frozen and cut off, while people write and follow."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.faults.crowd import Crowd
from tests.faults.service import Service
from tests.faults.trial import wrong_with

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

_SHUTDOWN = 3001


async def test_killed_replicas_lose_nothing(trio: Service) -> None:
    """Kill -9, one replica after the other: what it had not answered is sent again elsewhere."""
    async with Crowd.at(trio) as crowd:
        async with crowd.writing():
            for replica in trio.replicas:
                await replica.kill()
                await crowd.acked(50)
                await replica.launch()
                await crowd.acked(50)
            healed = time.monotonic()
            await crowd.remove_guest()
            await crowd.back(healed)

        assert await wrong_with(crowd) == []
        assert crowd.history.doubted, "no write was in doubt"
        assert any(device.closes for device in crowd.devices), "no device was cut off"


async def test_a_rolling_restart_loses_nothing(trio: Service) -> None:
    """SIGTERM under load, one after the other: each ends with 0, its devices are sent away once."""
    async with Crowd.at(trio) as crowd:
        async with crowd.writing():
            for replica in trio.replicas:
                assert await replica.stop() == 0
                await crowd.acked(50)
                await replica.launch()
                await crowd.acked(50)
            await crowd.remove_guest()

        assert await wrong_with(crowd) == []
        closes = [close for device in crowd.devices for close in device.closes]
        assert set(closes) == {_SHUTDOWN}
        assert max(len(device.closes) for device in crowd.devices) <= len(trio.replicas)


async def test_a_frozen_replica_wakes_up_to_the_truth(trio: Service) -> None:
    """Frozen for 8 s with writes under way; a member is removed meanwhile, and it wakes up."""
    frozen = trio.replicas[2]
    async with Crowd.at(trio, timeout_s=2.0) as crowd:
        async with crowd.writing():
            frozen.pause()
            await crowd.acked(50)
            await crowd.remove_guest()
            await asyncio.sleep(8)
            frozen.resume()
            await crowd.back(time.monotonic())

        assert await wrong_with(crowd) == []
        assert crowd.history.doubted, "no write was in doubt"


async def test_a_cut_connection_neither_loses_nor_doubles_its_command(trio: Service) -> None:
    """A third of all sendings is given up at a random moment, and sent again to another replica."""
    async with Crowd.at(trio, impatience=0.35, pause_s=0.01) as crowd:
        async with crowd.writing():
            await crowd.acked(500)
            await crowd.remove_guest()

        assert await wrong_with(crowd) == []
        given_up = sum(len(write.doubts) for write in crowd.history.acked)
        assert given_up >= 100
        assert crowd.history.replayed, "no command was done before its answer was lost"
        assert len(crowd.history.replayed) < len(crowd.history.doubted)


async def test_removed_members_get_nothing_more(trio: Service) -> None:
    """Twelve guests with three devices each are removed while writes flow: nothing comes after.

    Each device keeps asking to resume from where it was, and is turned away.
    """
    async with Crowd.at(trio, guests=12) as crowd:
        async with crowd.writing():
            for _ in crowd.guests:
                await crowd.acked(40)
                await crowd.remove_guest()
            await crowd.acked(200)

        assert await wrong_with(crowd) == []
        devices = [device for guest in crowd.guests for device in guest.devices]
        # A live device has the entry that removes it as its last one.
        assert all(
            device.position == guest.removed_at
            for guest in crowd.guests
            for device in guest.devices
        )
        assert all(device.turned_away for device in devices)
