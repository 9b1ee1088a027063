"""What is said of the ways in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from http_api.doctor.door import check_listening, judge_limits, judge_origins, judge_proxies
from http_api.doctor.finding import Mark
from http_api.settings import Settings
from tests.http_api.doctor.conftest import MakeSettings

HTTPS = frozenset({"https://todo.example.org"})


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ({}, Mark.OK),
        ({"host": "localhost"}, Mark.OK),
        ({"host": "0.0.0.0"}, Mark.WARNING),
        ({"host": "0.0.0.0", "allowed_origins": HTTPS}, Mark.OK),
        ({"host": "192.0.2.1"}, Mark.WRONG),  # an address that is nobody's (RFC 5737)
        ({"uds": "/nowhere/at/all/1.sock"}, Mark.WRONG),
        ({"uds": f"/tmp/{'x' * 100}.sock"}, Mark.WRONG),
    ],
)
async def test_where_it_listens(
    make_settings: MakeSettings, values: dict[str, Any], mark: Mark
) -> None:
    """Open to all without TLS is looked at; what is not there is wrong."""
    [told] = await check_listening(make_settings(**values))
    assert told.mark is mark
    assert bool(told.advice) is (mark is not Mark.OK)


@pytest.mark.parametrize(("mode", "mark"), [(0o750, Mark.OK), (0o755, Mark.WARNING)])
async def test_a_socket_is_for_a_group(
    make_settings: MakeSettings, tmp_path: Path, mode: int, mark: Mark
) -> None:
    """Whoever may open it is believed about client addresses."""
    directory = tmp_path / "sockets"
    directory.mkdir()
    directory.chmod(mode)
    [told] = await check_listening(make_settings(uds=directory / "1.sock"))
    assert told.mark is mark


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ({}, Mark.OK),
        ({"host": "0.0.0.0"}, Mark.WARNING),
        ({"uds": "1.sock"}, Mark.WARNING),
        ({"allowed_origins": HTTPS}, Mark.OK),
        ({"allowed_origins": HTTPS | {"http://localhost:3000"}}, Mark.OK),
        ({"allowed_origins": HTTPS | {"http://todo.example.org"}}, Mark.WARNING),
    ],
)
def test_whose_pages(make_settings: MakeSettings, values: dict[str, Any], mark: Mark) -> None:
    """Behind a proxy people type a name, and it has TLS."""
    assert judge_origins(make_settings(**values)).mark is mark


def test_with_a_database_server_there_is_a_name(production: Settings) -> None:
    """Nobody runs replicas to be addressed by number."""
    assert judge_origins(production).mark is Mark.WARNING


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ({}, Mark.OK),
        ({"trusted_proxies": "10.0.0.5, 10.1.0.0/16"}, Mark.OK),
        ({"trusted_proxies": "*"}, Mark.WARNING),
        ({"trusted_proxies": "nginx"}, Mark.WARNING),
        ({"trusted_proxies": "10.0.0.5/8"}, Mark.WARNING),
        ({"trusted_proxies": "*", "uds": "1.sock"}, Mark.OK),
    ],
)
def test_whose_word_counts(make_settings: MakeSettings, values: dict[str, Any], mark: Mark) -> None:
    """A name is never looked up, so it trusts nobody; a star trusts everybody."""
    assert judge_proxies(make_settings(**values)).mark is mark


def test_limits_that_are_off_are_looked_at(make_settings: MakeSettings) -> None:
    """They are for load tests."""
    assert judge_limits(make_settings()).mark is Mark.OK
    assert judge_limits(make_settings(rate_limits=False)).mark is Mark.WARNING
