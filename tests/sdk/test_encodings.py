"""Devices of different SDKs on one list: JSON and Protobuf tell the same, over either seam."""

from __future__ import annotations

import json

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.realtime.binary import commands
from tests.sdk.conftest import CLIENTS, MakeClient, Register
from tests.servers.replica import Replica


async def test_a_phone_and_a_browser_see_the_same(
    register: Register, service: tuple[Replica, Replica], make_client: MakeClient
) -> None:
    """Every entry in the same order with the same content, over a cut of any of them."""
    ann = await register("ann")
    own = await ann.make_list()
    channel = f"list:{own}"
    clients = [await make_client(sdk) for sdk in CLIENTS]
    for client in clients:
        client.answers["token"] = ann.refresh
        await client.do("connect", url=service[1].websocket, token=ann.access_token)
        await client.event("connected")
        await client.do("subscribe", channel=channel)
        await client.event("subscribed", side="client", channel=channel)

    first = last = (await ann.add_todo(own, "milk \u00e9 \U0001f95b"))["offset"]
    for client in clients:
        await client.do("cut")
        last = await ann.add_todos(own, 30)
    for client in clients:
        await client.event("publication", channel=channel, offset=last)
    heard = [
        [(one["offset"], one["data"]) for one in client.publications(channel)] for client in clients
    ]

    assert [offset for offset, _ in heard[0]] == list(range(first, last + 1))
    for sdk, one in zip(CLIENTS, heard, strict=True):
        assert one == heard[0], sdk


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["centrifuge-json"], "centrifuge-json"),
        (["centrifuge-protobuf"], "centrifuge-protobuf"),
        (["centrifuge-protobuf", "centrifuge-json"], "centrifuge-json"),
        (["another"], None),
    ],
)
async def test_a_client_speaks_what_it_offered(
    service: tuple[Replica, Replica], offered: list[str], chosen: str | None
) -> None:
    """JSON goes before Protobuf, and is what those get who offer nothing that is known."""
    command = {"id": 1, "connect": {"token": "forged"}}
    subprotocols = [Subprotocol(name) for name in offered] or None
    async with connect(service[1].websocket, subprotocols=subprotocols, proxy=None) as socket:
        assert socket.subprotocol == chosen
        binary = chosen == "centrifuge-protobuf"
        await socket.send(commands(command) if binary else json.dumps(command))
        await socket.wait_closed()
        # It was understood: neither text where bytes belong (1003) nor no command at all (3501).
        assert socket.close_code == 3500
