"""What the tests of the page share."""

from __future__ import annotations

import pytest

from tests.servers.replica import Replica


@pytest.fixture
def origin(service: tuple[Replica, Replica]) -> str:
    """Give the address of one replica of the service that all tests share."""
    return service[0].origin
