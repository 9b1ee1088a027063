"""Each planted fault turns the verdict red, and by its own name; without one it is green."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.device import Device, Received
from tests.faults.history import Write
from tests.faults.reader import Read
from tests.faults.verdict import judge_device, judge_log, judge_reads, judge_writes

_REMOVED_AT = 8


class Records:
    """Hold what a scenario of ten entries leaves behind when nothing goes wrong.

    The list's own two entries come first; a guest is removed by the eighth entry.
    """

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = [
            {"type": "list.created", "op": "made", "offset": 1},
            {"type": "member.added", "op": "made", "offset": 2},
        ]
        self.writes: list[Write] = []
        for offset in range(3, 11):
            op = f"op{offset}"
            command: dict[str, Any] = {"op": op, "type": "todo.create", "title": op}
            entry: dict[str, Any] = {"type": "todo.created", "todo": {"id": op, "title": op}}
            if offset == _REMOVED_AT:
                command = {"op": op, "type": "member.remove", "username": "guest"}
                entry = {"type": "member.removed", "user": {"username": "guest"}}
            self.log.append({**entry, "op": op, "offset": offset})
            self.writes.append(Write("list", command, 0.0, acked=1.0, offset=offset, at=0))
        self.device = self._device("device", 10)
        self.guest = self._device("guest", _REMOVED_AT)
        self.guest.removed = True
        titles = {f"op{offset}": f"op{offset}" for offset in range(3, 6)}
        self.reads = [Read(5, titles, 4)]

    def _device(self, name: str, last: int) -> Device:
        device = Device(name, "", "list", [], random.Random(0))
        device.start = 2
        device.received = [self.publication(offset) for offset in range(3, last + 1)]
        return device

    def publication(self, offset: int) -> Received:
        """Give an entry as a device receives it."""
        entry = {name: value for name, value in self.log[offset - 1].items() if name != "offset"}
        return Received(offset, entry, 1.0)

    def verdict(self) -> list[str]:
        """Judge everything."""
        return [
            *judge_log(self.log),
            *judge_writes(self.log, self.writes, before=2),
            *judge_reads(self.log, self.reads),
            *judge_device(self.log, self.device),
            *judge_device(self.log, self.guest, removed_at=_REMOVED_AT),
        ]


def _lose(records: Records) -> None:
    del records.log[9], records.device.received[7]


def _double(records: Records) -> None:
    records.log.append({**records.log[9], "offset": 11})
    records.device.received.append(records.publication(11))


def _skip(records: Records) -> None:
    records.log[9]["offset"] = 11


def _misplace(records: Records) -> None:
    records.writes[0].offset = 4


def _change(records: Records) -> None:
    records.writes[0].command["title"] = "another"


def _invent(records: Records) -> None:
    del records.writes[0]


def _miss(records: Records) -> None:
    del records.device.received[3]


def _repeat(records: Records) -> None:
    records.device.received.insert(3, records.device.received[2])


def _swap(records: Records) -> None:
    received = records.device.received
    received[3], received[4] = received[4], received[3]


def _garble(records: Records) -> None:
    records.device.received[3].data["title"] = "another"


def _fall_short(records: Records) -> None:
    records.device.received.pop()


def _leak(records: Records) -> None:
    records.guest.received.append(records.publication(9))


def _keep_quiet(records: Records) -> None:
    records.guest.removed = False


def _throw_out(records: Records) -> None:
    records.device.removed = True


def _reset(records: Records) -> None:
    records.device.mistakes.append("reset at 5")


def _read_late(records: Records) -> None:
    records.reads[0] = Read(5, records.reads[0].titles, 6)


def _read_wrong(records: Records) -> None:
    records.reads[0].titles.popitem()


def test_what_is_right_is_found_right() -> None:
    """Nothing is wrong with records of which nothing is wrong."""
    assert Records().verdict() == []


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (_lose, "lost: op10"),
        (_double, "doubled: op10"),
        (_skip, "gap:"),
        (_misplace, "misplaced: op3"),
        (_change, "changed:"),
        (_invent, "phantom: nobody sent op3"),
        (_miss, "device: out of order after 2"),
        (_repeat, "device: out of order after 2"),
        (_swap, "device: out of order after 2"),
        (_garble, "device: got"),
        (_fall_short, "device: has 9 of 10"),
        (_leak, "guest: got 9 although removed at 8"),
        (_keep_quiet, "guest: was never told of its removal at 8"),
        (_throw_out, "device: was told that it is no member"),
        (_reset, "device: reset at 5"),
        (_read_late, "stale: a snapshot at 5 after 6"),
        (_read_wrong, "snapshot: at 5"),
    ],
)
def test_a_planted_fault_is_found(plant: Callable[[Records], None], name: str) -> None:
    """And by the checker that is there for it."""
    records = Records()

    plant(records)

    assert [wrong for wrong in records.verdict() if wrong.startswith(name)]
