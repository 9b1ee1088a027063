"""One line each, and what they come to."""

from __future__ import annotations

import ssl

import pytest

from http_api.doctor.address import address_of, system_words
from http_api.doctor.finding import exit_status, ok, summary, warning, wrong


def test_only_what_is_wrong_makes_the_status_1() -> None:
    """A warning is for people, not for whoever waits for the status."""
    fine, doubtful, bad = ok("a", "b"), warning("a", "b", "c"), wrong("a", "b", "c")
    assert exit_status([]) == exit_status([fine, doubtful]) == 0
    assert exit_status([fine, bad, doubtful]) == 1


def test_the_summary_counts() -> None:
    """The last line says whether to read the others."""
    fine, doubtful, bad = ok("a", "b"), warning("a", "b", "c"), wrong("a", "b", "c")
    assert summary([fine, fine]) == "2 checked: all is well."
    assert summary([fine, doubtful, bad, bad]) == "4 checked: 2 wrong, 1 to look at."


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:hunter2@db.example:5432/lockstep", "db.example:5432/lockstep"),
        ("postgresql://me:hun@ter2@db.example/lockstep", "db.example/lockstep"),
        ("postgresql://me:hun/ter2@db.example/lockstep", "db.example/lockstep"),
        ("postgresql://me:hun?ter2@db.example/lockstep", "db.example/lockstep"),
        ("postgresql://db.example/lockstep?password=hunter2", "db.example/lockstep"),
        ("redis+cluster://me:hunter2@a:1,b:2/", "a:1,b:2"),
        ("bolt://db.example:7687", "db.example:7687"),
        ("postgresql:///lockstep", "/lockstep"),
        ("redis://", "localhost"),
    ],
)
def test_a_server_is_named_without_its_login(url: str, shown: str) -> None:
    """Not even a part of a password that nobody escaped is shown."""
    assert address_of(url) == shown


def test_the_systems_words_hold_no_address() -> None:
    """What asyncio puts into the text of an error is left out."""
    error = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 5432)")
    assert system_words(error) == " (connection refused)"
    assert system_words(OSError("Multiple exceptions: ...")) == ""
    refused = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] hunter2")
    assert system_words(refused) == " (TLS: SSLError)"
