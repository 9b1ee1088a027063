"""Tests of what happens where a program is not installed."""

from __future__ import annotations

import pytest

from tests.servers.missing import program


def test_a_missing_program_skips_the_test_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a developer's machine the other tests still run."""
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="missing on this machine: frobnicator"):
        program("frobnicate", package="frobnicator")


def test_a_missing_program_fails_the_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise that was not tested is not kept."""
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="missing on this machine: frobnicator"):
        program("frobnicate", package="frobnicator")


def test_the_first_program_found_is_taken() -> None:
    """Distributions name the same program differently."""
    assert program("frobnicate", "sh", package="frobnicator").name == "sh"
