"""The end of a scenario: everything is gathered, and the verdict spoken."""

from __future__ import annotations

import contextlib
from typing import Any

from tests.faults.crowd import Crowd
from tests.faults.verdict import judge_device, judge_log, judge_reads, judge_writes
from tests.servers.deadline import eventually
from tests.servers.person import Person

__all__ = ["wrong_with"]

_SETTLE_S = 30.0
_SHOWN = 20


async def wrong_with(crowd: Crowd) -> list[str]:
    """Name what was lost, doubled, out of order, stale, or seen by who should not have seen it.

    Call it when the writing is over. Devices get half a minute to catch up.
    """
    wrong = [*crowd.history.mistakes, *crowd.journal.errors()]
    idle = await crowd.service.idle_in_transaction()
    wrong += [f"left in a transaction: {connection}" for connection in idle]
    await crowd.service.keeps_its_pools()
    for list_id in crowd.lists:
        log = await _log(crowd.owner, list_id)
        await _settle(crowd, list_id, len(log))
        writes = [write for write in crowd.history.writes if write.list_id == list_id]
        wrong += judge_log(log)
        wrong += judge_writes(log, writes, before=crowd.before[list_id])
        for reader in crowd.readers:
            if reader.list_id == list_id:
                wrong += [*reader.mistakes, *judge_reads(log, reader.reads)]
        for device in crowd.devices:
            if device.list_id == list_id:
                wrong += judge_device(log, device)
        for guest in crowd.guests if list_id == crowd.lists[0] else ():
            for device in guest.devices:
                wrong += judge_device(log, device, removed_at=guest.removed_at)
    return wrong[:_SHOWN]


async def _settle(crowd: Crowd, list_id: str, head: int) -> None:
    """Wait for devices and the reader; what they lack after that is the verdict's to tell."""
    devices = [device for device in crowd.devices if device.list_id == list_id]
    removed = [
        device for guest in crowd.guests if guest.removed_at is not None for device in guest.devices
    ]
    readers = [reader for reader in crowd.readers if reader.list_id == list_id]
    with contextlib.suppress(TimeoutError):
        await eventually(
            lambda: (
                all(device.position >= head for device in devices)
                and all(device.removed for device in removed)
                and all(reader.reads and reader.reads[-1].offset >= head for reader in readers)
            ),
            "everybody has everything",
            within_s=_SETTLE_S,
        )


async def _log(reader: Person, list_id: str) -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = []
    while True:
        page = await reader.call("GET", f"/lists/{list_id}/changes", since=len(log), limit=1_000)
        log += page["changes"]
        if page["complete"]:
            return log
