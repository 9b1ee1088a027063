"""Signals: what they may hold, and who may have them."""

from __future__ import annotations

import json

import orjson
import pytest

from realtime.signals import SignalFollower, list_of_signals, read_signal, signals_channel
from tests.realtime.makers import LIST, OTHER, USER, pub, read


@pytest.mark.parametrize(
    "data",
    [
        {"type": "typing"},
        {"type": "viewing", "todo_id": str(LIST)},
        {"type": "cursor", "detail": None},
        {"type": "cursor", "detail": [1, {"x": 2.5}, "ä", True, None]},
        {"type": "cursor", "detail": "x" * 510},
        {"type": "cursor", "detail": 2**64},
        {"type": "cursor", "detail": [{"ä": -(10**300)}, 1.5, '\u2028"\\', None]},
    ],
)
def test_a_signal_passes_as_it_was_sent(data: dict[str, object]) -> None:
    """Nothing is added, nothing is lost."""
    passed = read_signal(data, 512)
    assert passed is not None
    assert json.loads(passed) == data
    orjson.loads(passed)  # strict readers take it, too


@pytest.mark.parametrize(
    "data",
    [
        {"type": "cursor", "detail": "x" * 511},
        {"type": "cursor", "detail": float("inf")},
        {"type": "cursor", "detail": [{"x": float("-inf")}]},
        {"type": "cursor", "detail": 10**400},
        {"type": "cursor", "detail": [2**64] * 25},
        {"type": "cursor", "detail": 10**5_000},
        {"type": "cursor", "detail": [2**64, float("inf")]},
        {"type": "typing", "todo_id": "x"},
        {"type": ["typing"]},
        "typing",
    ],
)
def test_anything_else_is_none(data: object) -> None:
    """Too long, no JSON, another shape."""
    assert read_signal(data, 512) is None


def test_a_channel_has_one_spelling() -> None:
    """The canonical one."""
    assert list_of_signals(signals_channel(LIST)) == LIST
    for channel in (f"list:{LIST}", "signals:", "signals:x", f"signals:{LIST.hex}"):
        assert list_of_signals(channel) is None


def test_signals_last_as_long_as_the_membership() -> None:
    """In log order, whenever the read that looked it up came."""
    member = SignalFollower(USER)
    assert member.start(read(5))
    assert member.offer(pub(6))
    assert member.offer(pub(7, "member.removed", OTHER))
    assert not member.offer(pub(8, "member.removed", USER))
    removed_meanwhile = SignalFollower(USER)
    assert removed_meanwhile.offer(pub(6, "member.removed", USER))
    assert not removed_meanwhile.start(read(5))
    added_again = SignalFollower(USER)
    added_again.offer(pub(6, "member.removed", USER))
    assert added_again.start(read(8))
    assert added_again.offer(pub(7, "member.removed", USER))
    assert not SignalFollower(USER).start(read(5, role=None))
