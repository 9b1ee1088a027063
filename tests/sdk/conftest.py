"""Every test of this folder runs over each official SDK, encoding and way to carry a socket.

In production people act through the one replica and their devices are connected to the other, so
whatever arrives has gone through the bus. So it is where that other replica runs under a foreign
ASGI server. The embedded default is one replica that does both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

import pytest

from tests.servers.fixtures import StartClient
from tests.servers.java import JavaClient
from tests.servers.node import NodeClient
from tests.servers.person import Person
from tests.servers.python_client import PythonClient
from tests.servers.replica import Replica
from tests.servers.run import Run
from tests.servers.sdk_client import SdkClient


class Connect(Protocol):
    """Connect a device of a person through the SDK under test."""

    def __call__(self, person: Person, *, at: Replica | None = None) -> Awaitable[SdkClient]:
        """Give it once it is connected; ``at`` None means the replica for devices."""


class MakeClient(Protocol):
    """Make a client of an SDK and an encoding (one of ``CLIENTS``)."""

    def __call__(self, sdk: str) -> Awaitable[SdkClient]:
        """Give it, not connected yet."""


class Register(Protocol):
    """Make a person with an account."""

    def __call__(self, name: str) -> Awaitable[Person]:
        """Give the person, logged in."""


# What a test may be run with: an SDK and what it speaks. The Java SDK speaks Protobuf only.
CLIENTS = (
    "python-json",
    "python-protobuf",
    "javascript-json",
    "javascript-protobuf",
    "javascript-stream",  # JSON, over HTTP streaming
    "java-protobuf",
)

# Every client over our own transport and over plain ASGI, where Hypercorn stands for any server.
# What the embedded default does differently shows with one client.
_COMBINATIONS = [
    *((client, service) for service in ("production", "hypercorn") for client in CLIENTS),
    ("python-json", "embedded"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over the combinations; one that takes all clients at once, over the servers."""
    if "sdk" in metafunc.fixturenames:
        combinations = [
            (client, service)
            for client, service in _COMBINATIONS
            if client != "java-protobuf" or "asks_for_state" not in metafunc.fixturenames
        ]
        metafunc.parametrize(("sdk", "shared_service"), combinations, indirect=["shared_service"])
    elif "shared_service" in metafunc.fixturenames:
        servers = ["production", "hypercorn", "uvicorn"]
        metafunc.parametrize("shared_service", servers, indirect=True)


@pytest.fixture
def asks_for_state() -> None:
    """Say that the test needs an SDK with ``getState``, which Java's does not have at 0.4.1."""


@pytest.fixture
async def make_client(run: Run, request: pytest.FixtureRequest) -> AsyncIterator[MakeClient]:
    """Give a function that makes clients, not connected yet; they are ended in the end."""
    started: list[SdkClient] = []

    async def make(sdk: str) -> SdkClient:
        name, _, encoding = sdk.partition("-")
        protobuf = encoding == "protobuf"
        client: SdkClient
        if name == "python":
            client = PythonClient(protobuf=protobuf)
        elif name == "javascript":
            client = await NodeClient.start(run, speaks=encoding)
        else:
            client = await JavaClient.start(request.getfixturevalue("java_port"))
        started.append(client)
        return client

    yield make
    for client in started:
        await client.aclose()


@pytest.fixture
def start_client(sdk: str, make_client: MakeClient) -> StartClient:
    """Give a function that makes clients of the SDK under test, not connected yet."""

    async def start() -> SdkClient:
        return await make_client(sdk)

    return start


@pytest.fixture
def register(service: tuple[Replica, Replica]) -> Register:
    """Give a function that makes people, who act through the first replica."""

    async def make(name: str) -> Person:
        return await Person.register(service[0], name)

    return make


@pytest.fixture
def connect(service: tuple[Replica, Replica], sdk: str, start_client: StartClient) -> Connect:
    """Give a function that connects a person's device to the second replica."""

    async def make(person: Person, *, at: Replica | None = None) -> SdkClient:
        client = await start_client()
        client.answers["token"] = person.refresh
        url, options = (at or service[1]).websocket, {}
        if sdk == "javascript-stream":  # commands may go through any replica
            options["emulationEndpoint"] = f"{service[0].origin}/emulation"
        await client.do("connect", url=url, token=person.access_token, options=options)
        await client.event("connected")
        return client

    return make
