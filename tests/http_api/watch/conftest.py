"""`lockstep watch` is a program of its own, so it is tried on a service of other processes."""

from __future__ import annotations

import pytest

from tests.servers.replica import Replica


@pytest.fixture
def service(shared_service: tuple[Replica, Replica]) -> tuple[Replica, Replica]:
    """Give the run's replicas instead of the service that runs inside the test process."""
    return shared_service
