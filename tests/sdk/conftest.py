"""Every test of this folder runs over each official SDK, and over each way to run the service.

In production people act through the one replica and their devices are connected to the other, so
whatever arrives has gone through the bus. The embedded default is one replica that does both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

import pytest

from tests.servers.fixtures import StartClient
from tests.servers.java import JavaClient
from tests.servers.person import Person
from tests.servers.python_client import PythonClient
from tests.servers.replica import Replica
from tests.servers.sdk_client import SdkClient


class Connect(Protocol):
    """Connect a device of a person through the SDK under test."""

    def __call__(self, person: Person, *, at: Replica | None = None) -> Awaitable[SdkClient]:
        """Give it once it is connected; ``at`` None means the replica for devices."""


class Register(Protocol):
    """Make a person with an account."""

    def __call__(self, name: str) -> Awaitable[Person]:
        """Give the person, logged in."""


# Not every pair: what the engines do differently shows with one SDK.
_COMBINATIONS = [
    ("python", "production"),
    ("javascript", "production"),
    ("java", "production"),
    ("python", "embedded"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test over the combinations; one without a shared service over the SDKs alone."""
    if "shared_service" in metafunc.fixturenames:
        combinations = [
            (sdk, service)
            for sdk, service in _COMBINATIONS
            if sdk != "java" or "asks_for_state" not in metafunc.fixturenames
        ]
        metafunc.parametrize(("sdk", "shared_service"), combinations, indirect=["shared_service"])
    elif "sdk" in metafunc.fixturenames:
        metafunc.parametrize("sdk", ["python", "javascript", "java"])


@pytest.fixture
def asks_for_state() -> None:
    """Say that the test needs an SDK with ``getState``, which Java's does not have at 0.4.1."""


@pytest.fixture
async def start_client(
    request: pytest.FixtureRequest, sdk: str, start_node: StartClient
) -> AsyncIterator[StartClient]:
    """Give a function that makes clients of the SDK under test, not connected yet.

    The Java SDK speaks the protocol's binary form, the others JSON.
    """
    java_port = request.getfixturevalue("java_port") if sdk == "java" else 0
    started: list[SdkClient] = []

    async def start() -> SdkClient:
        client: SdkClient
        if sdk == "python":
            client = PythonClient()
        elif sdk == "java":
            client = await JavaClient.start(java_port)
        else:
            client = await start_node()
        started.append(client)
        return client

    yield start
    for client in started:
        await client.aclose()


@pytest.fixture
def register(service: tuple[Replica, Replica]) -> Register:
    """Give a function that makes people, who act through the first replica."""

    async def make(name: str) -> Person:
        return await Person.register(service[0], name)

    return make


@pytest.fixture
def connect(service: tuple[Replica, Replica], start_client: StartClient) -> Connect:
    """Give a function that connects a person's device to the second replica."""

    async def make(person: Person, *, at: Replica | None = None) -> SdkClient:
        client = await start_client()
        client.answers["token"] = person.refresh
        url = (at or service[1]).websocket
        await client.do("connect", url=url, token=person.access_token)
        await client.event("connected")
        return client

    return make
