"""Devices of different SDKs on one list: JSON and Protobuf tell the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.servers.fixtures import StartClient
from tests.servers.java import JavaClient
from tests.servers.person import Person
from tests.servers.python_client import PythonClient
from tests.servers.replica import Replica
from tests.servers.sdk_client import SdkClient


@asynccontextmanager
async def _following(
    client: SdkClient, person: Person, url: str, channel: str
) -> AsyncIterator[None]:
    client.answers["token"] = person.refresh
    await client.do("connect", url=url, token=person.access_token)
    await client.event("connected")
    await client.do("subscribe", channel=channel)
    await client.event("subscribed", side="client", channel=channel)
    yield
    await client.aclose()


async def test_a_phone_and_a_browser_see_the_same(
    request: pytest.FixtureRequest, java_port: int, start_node: StartClient
) -> None:
    """Every entry in the same order with the same content, over a cut of either."""
    replicas: tuple[Replica, Replica] = request.getfixturevalue("_production")
    ann = await Person.register(replicas[0])
    own = await ann.make_list()
    channel, url = f"list:{own}", replicas[1].websocket
    phone, browser = await JavaClient.start(java_port), await start_node()
    clients: list[SdkClient] = [phone, browser, PythonClient()]
    async with AsyncExitStack() as stack:
        for client in clients:
            await stack.enter_async_context(_following(client, ann, url, channel))
        first = (await ann.add_todo(own, "milk \u00e9 \U0001f95b"))["offset"]
        await phone.do("cut")
        last = await ann.add_todos(own, 30)
        await browser.do("cut")
        last = await ann.add_todos(own, 30)
        for client in clients:
            await client.event("publication", channel=channel, offset=last)
        heard = [
            [(one["offset"], one["data"]) for one in client.publications(channel)]
            for client in clients
        ]
    assert heard[0] == heard[1] == heard[2]
    assert [offset for offset, _ in heard[0]] == list(range(first, last + 1))
