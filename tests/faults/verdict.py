"""What went wrong: the records of writers and devices held against the log of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from tests.faults.device import Device
from tests.faults.history import Write
from tests.faults.reader import Read

__all__ = ["judge_device", "judge_log", "judge_reads", "judge_writes"]

Log = Sequence[dict[str, Any]]


def judge_log(log: Log) -> Iterator[str]:
    """Name what is wrong with a log (its entries from the first on) by itself."""
    offsets = [entry["offset"] for entry in log]
    if offsets != list(range(1, len(log) + 1)):
        yield f"gap: offsets are not 1..{len(log)} but {_around(offsets, 1)}"
    ops = Counter(entry["op"] for entry in log if entry["type"] not in _WITH_THE_LIST)
    for op, times in ops.items():
        if times > 1:
            yield f"doubled: {op} has {times} entries"


def judge_writes(log: Log, writes: Iterable[Write], *, before: int) -> Iterator[str]:
    """Name acknowledged writes that the log lacks and entries that nobody asked for.

    Entries up to the offset ``before`` were there before the scenario.
    """
    entries = {entry["op"]: entry for entry in log if entry["offset"] > before}
    for write in writes:
        entry = entries.pop(write.op, None)
        if write.acked is None:
            continue
        if entry is None:
            yield f"lost: {write.op}, acknowledged at {write.offset} after {write.doubts}"
        elif entry["offset"] != write.offset:
            yield f"misplaced: {write.op}, acknowledged at {write.offset}, is {entry['offset']}"
        elif not _carries(entry, write.command):
            yield f"changed: {write.command} became {entry}"
    for op, entry in entries.items():
        yield f"phantom: nobody sent {op} at {entry['offset']}"


def judge_reads(log: Log, reads: Iterable[Read]) -> Iterator[str]:
    """Name the snapshots that are not what the log says, or older than what was acknowledged."""
    titles: dict[str, str] = {}
    folded = 0
    for read in sorted(reads, key=lambda read: read.offset):
        for entry in log[folded : read.offset]:
            if entry["type"] == "todo.created":
                titles[entry["todo"]["id"]] = entry["todo"]["title"]
            elif entry["type"] == "todo.updated":
                titles[entry["todo_id"]] = entry["changes"]["title"]
        folded = read.offset
        if read.offset < read.acknowledged:
            yield f"stale: a snapshot at {read.offset} after {read.acknowledged} was acknowledged"
        if read.offset > len(log) or read.titles != titles:
            yield f"snapshot: at {read.offset} it is not what the log says"


def judge_device(log: Log, device: Device, *, removed_at: int | None = None) -> Iterator[str]:
    """Name what a device should not have seen, or should have seen and has not.

    ``removed_at``: the offset at which its person was removed; None: never.
    """
    name, head = device.name, len(log)
    offsets = [one.offset for one in device.received]
    for mistake in device.mistakes:
        yield f"{name}: {mistake}"
    if offsets != list(range(device.start + 1, device.start + 1 + len(offsets))):
        yield f"{name}: out of order after {device.start}: {_around(offsets, device.start + 1)}"
    if removed_at is None and device.position != head:
        yield f"{name}: has {device.position} of {head}"
    if removed_at is not None and max(offsets, default=0) > removed_at:
        yield f"{name}: got {max(offsets)} although removed at {removed_at}"
    if removed_at is not None and not device.removed:
        yield f"{name}: was never told of its removal at {removed_at}"
    if removed_at is None and device.removed:
        yield f"{name}: was told that it is no member"
    for one in device.received:
        entry = log[one.offset - 1] if 0 < one.offset <= head else {}
        if {**one.data, "offset": one.offset} != entry:
            yield f"{name}: got {one.data} at {one.offset}, the log has {entry}"


# The entries that come with a list share the operation that made it.
_WITH_THE_LIST: Collection[str] = ("list.created", "member.added")


def _carries(entry: dict[str, Any], command: dict[str, Any]) -> bool:
    match command["type"]:
        case "todo.create":
            return bool(entry["type"] == "todo.created") and (
                entry["todo"]["title"] == command["title"]
            )
        case "todo.update":
            return bool(entry["type"] == "todo.updated") and (
                entry["todo_id"] == command["todo_id"] and entry["changes"] == command["changes"]
            )
        case _:
            return bool(entry["type"] == "member.removed") and (
                entry["user"]["username"] == command["username"]
            )


def _around(offsets: Sequence[int], first: int) -> str:
    """Show the offsets where they first leave the order ``first``, ``first`` + 1, ..."""
    for index, offset in enumerate(offsets):
        if offset != first + index:
            return f"... {list(offsets[max(0, index - 3) : index + 4])} ..."
    return f"{first}..{first + len(offsets) - 1}"
