"""A loop that is late is known to be late."""

from __future__ import annotations

import pytest

from realtime.lag import Lag


def test_what_comes_in_time_is_not_late() -> None:
    """Also when it is early."""
    lag = Lag(10.0, 0.25)
    for now in (10.25, 10.5, 10.6, 10.85):
        lag.look(now)
        assert lag.value_s == pytest.approx(0.0)


def test_a_stall_counts_and_fades() -> None:
    """It is known for some looks, so that one good moment does not make it forgotten."""
    lag = Lag(10.0, 0.25)
    lag.look(12.25)
    assert lag.value_s == pytest.approx(2.0)
    lag.look(12.5)
    assert lag.value_s == pytest.approx(1.0)
    for number in range(1, 9):
        lag.look(12.5 + 0.25 * number)
    assert lag.value_s < 0.01
