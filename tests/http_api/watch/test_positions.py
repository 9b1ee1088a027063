"""Remembered positions."""

from __future__ import annotations

from pathlib import Path

import pytest

from http_api.watch import positions
from http_api.watch.positions import SeenPositions
from store.entry import Position


def test_a_position_survives_the_process(tmp_path: Path) -> None:
    """What one watch remembered, the next one finds, per list and user."""
    path = tmp_path / "deep" / "seen.json"
    SeenPositions(path).put("a", Position("e", 7))
    SeenPositions(path).put("b", Position("e", 9))
    assert SeenPositions(path).get("a") == Position("e", 7)
    assert SeenPositions(path).get("c") is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"a": 1}', '{"a": {"epoch": "e"}}'])
def test_a_damaged_file_counts_as_empty(tmp_path: Path, damage: str) -> None:
    """Watching never fails because of what it remembered."""
    path = tmp_path / "seen.json"
    path.write_text(damage)
    assert SeenPositions(path).get("a") is None
    SeenPositions(path).put("a", Position("e", 1))
    assert SeenPositions(path).get("a") == Position("e", 1)


def test_an_unwritable_file_is_given_up(tmp_path: Path) -> None:
    """A position that cannot be kept does not end the watch."""
    (tmp_path / "file").write_text("")
    SeenPositions(tmp_path / "file" / "seen.json").put("a", Position("e", 1))


def test_the_list_seen_longest_ago_is_forgotten_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file does not grow for ever."""
    monkeypatch.setattr(positions, "KEPT", 2)
    seen = SeenPositions(tmp_path / "seen.json")
    for key in ("a", "b", "a", "c"):
        seen.put(key, Position("e", 1))
    assert [key for key in "abc" if seen.get(key)] == ["a", "c"]
