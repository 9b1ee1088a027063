"""Tests of the JavaScript SDK's harness, without a service."""

from __future__ import annotations

import pytest

from tests.servers.fixtures import StartClient
from tests.servers.ports import free_port
from tests.servers.sdk_client import SdkError


async def test_the_sdk_tells_that_nobody_answers(start_node: StartClient) -> None:
    """Events arrive as the SDK gives them, and it goes on trying."""
    client = await start_node()

    await client.do("connect", url=f"ws://127.0.0.1:{free_port()}/", token="t")

    assert (await client.event("connecting"))["code"] == 0
    first = await client.event("error", type="transport")
    await client.event("error", after=client.events.index(first) + 1, type="transport")
    await client.do("disconnect")
    await client.event("disconnected", reason="disconnect called")


async def test_what_the_sdk_refuses_is_raised(start_node: StartClient) -> None:
    """A subscription that is not there cannot be left."""
    client = await start_node()
    await client.do("connect", url=f"ws://127.0.0.1:{free_port()}/", token="t")

    with pytest.raises(SdkError, match="no subscription to nowhere"):
        await client.do("unsubscribe", channel="nowhere")
