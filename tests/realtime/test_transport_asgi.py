"""The handshake, the socket's end, and messages that are none, over plain ASGI."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from realtime.replica import Replica
from tests.realtime.asgi_client import AsgiClient
from tests.realtime.conftest import Service, settle

ORIGIN = "https://lockstep.example"


@pytest.fixture
def service(embedded: Service) -> Service:
    """Say that neither the engine nor the bus is the point here."""
    return embedded


@pytest.fixture
async def replica(service: Service) -> Replica:
    """Give a replica that pages of one origin may connect to."""
    return await service.replica(origins={ORIGIN})


@pytest.mark.parametrize("origin", [None, ORIGIN])
async def test_the_own_origin_and_native_clients_may_connect(
    replica: Replica, origin: str | None
) -> None:
    """No cookie is ever read on the socket, so a missing Origin is no danger."""
    async with AsgiClient(replica, origin=origin) as client:
        assert client.refused is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        ORIGIN + ".evil.example",
        "https://evil-lockstep.example",
        ORIGIN + ":444",
        ORIGIN.upper(),
        "http://lockstep.example",
        ORIGIN + "/",
        "file://",
        "https://löckstep.example",
    ],
)
async def test_every_other_origin_is_refused_before_the_upgrade(
    replica: Replica, origin: str
) -> None:
    """Exactly the ones on the list, no prefix, no pattern."""
    async with AsgiClient(replica, origin=origin) as client:
        assert client.refused == 403
        assert client.accepted is None


@pytest.mark.parametrize(
    ("asked", "echoed"),
    [
        ([], None),
        (["centrifuge-json"], "centrifuge-json"),
        (["centrifuge-protobuf"], "centrifuge-protobuf"),
        (["centrifuge-protobuf", "centrifuge-json"], "centrifuge-json"),
        (["other", "centrifuge-protobuf"], "centrifuge-protobuf"),
        (["other"], None),
    ],
)
async def test_the_subprotocol_is_echoed(
    replica: Replica, asked: Sequence[str], echoed: str | None
) -> None:
    """An unknown one is left out of the answer, and means JSON."""
    async with AsgiClient(replica, subprotocols=asked) as client:
        assert client.accepted is not None
        assert client.accepted["subprotocol"] == echoed


async def test_binary_messages_are_spoken_where_they_were_asked_for(
    service: Service, replica: Replica
) -> None:
    """A change reaches followers of either encoding as the same entry."""
    ann = await service.person("ann")
    text = await service.client(replica, ann)
    list_id = await service.make_list(ann)
    async with AsgiClient(replica, subprotocols=["centrifuge-protobuf"]) as binary:
        connected = await binary.connect(service.token(ann))
        assert set(connected["subs"]) == {f"user:{ann.id}", "all"}
        for client in (text, binary):
            reply = await client.call("subscribe", channel=f"list:{list_id}", join_leave=True)
            assert reply["subscribe"]["recoverable"]
            reply = await client.call("subscribe", channel=f"signals:{list_id}")
            assert reply["subscribe"] == {}
        for number in range(3):
            await service.do(
                ann, "todo.create", at=replica, list_id=str(list_id), title=f"{number}"
            )
        said = {"type": "typing", "detail": [None, 1.5]}
        assert "publish" in await binary.call("publish", channel=f"signals:{list_id}", data=said)
        heard = []
        for client in (text, binary):
            pushes = [await client.push(channel=f"list:{list_id}") for _ in range(3)]
            pushes.append(await client.push(channel=f"signals:{list_id}"))
            pushes.append(await client.take(lambda one: _joined(one) == binary.client))
            heard.append(pushes)
    assert heard[0] == heard[1]
    assert [push["data"]["type"] for push in heard[0][:3]] == ["todo.created"] * 3
    assert heard[0][3]["data"] == said


def _joined(message: dict[str, Any]) -> str | None:
    """Give the connection that a join tells of."""
    joined: str | None = message.get("push", {}).get("join", {}).get("info", {}).get("client")
    return joined


async def test_a_binary_client_is_pinged_and_catches_up(service: Service, replica: Replica) -> None:
    """A ping has no bytes, and so has its answer; what was missed comes in the reply."""
    ann = await service.person("ann")
    list_id = await service.make_list(ann)
    async with AsgiClient(replica, subprotocols=["centrifuge-protobuf"]) as binary:
        await binary.connect(service.token(ann))
        for _ in range(4):
            await service.clock.advance(15.0)
        assert binary.pings == 2
        assert binary.closed is None
        asked = {"channel": f"list:{list_id}", "recover": True, "offset": 1}
        await service.do(ann, "todo.create", at=replica, list_id=str(list_id), title="milk")
        reply = (await binary.call("subscribe", **asked))["subscribe"]
        assert (reply["offset"], reply["recovered"]) == (1, True)
        assert [one["offset"] for one in reply["publications"]] == [2, 3]


@pytest.mark.parametrize("subprotocol", ["centrifuge-json", "centrifuge-protobuf"])
async def test_a_message_of_the_wrong_kind_closes(replica: Replica, subprotocol: str) -> None:
    """JSON comes as text, Protobuf as binary."""
    async with AsgiClient(replica, subprotocols=[subprotocol]) as client:
        if subprotocol == "centrifuge-json":
            client.send_bytes(b"{}")
        else:
            client.send("{}")
        assert (await client.end())[0] == 1003


async def test_bytes_that_are_no_commands_close(replica: Replica) -> None:
    """As bad as text that is no JSON."""
    async with AsgiClient(replica, subprotocols=["centrifuge-protobuf"]) as client:
        client.send_bytes(b"\xff\xff")
        assert await client.end() == (3501, "bad request")


async def test_what_was_answered_before_a_bad_frame_still_arrives(
    service: Service, replica: Replica
) -> None:
    """Replies that wait are sent before the close."""
    client = await service.client(replica, await service.person("ann"))
    client.send('{"id":50,"ping":{}}')
    client.send("[]")
    assert await client.end() == (3501, "bad request")
    assert any(json.loads(frame) == {"id": 50, "ping": {}} for frame in client.frames)


async def test_pings_go_out_and_a_silent_client_is_cut(service: Service, replica: Replica) -> None:
    """Every 25 s; no pong within 10 s closes."""
    ann = await service.person("ann")
    good, silent = await service.client(replica, ann), await service.client(replica, ann)
    silent.answers_pings = False
    await service.clock.advance(26.0)
    assert (good.pings, silent.pings) == (1, 1)
    await service.clock.advance(11.0)
    assert await silent.end() == (3012, "no pong")
    await service.clock.advance(15.0)
    assert good.pings == 2
    assert good.closed is None


async def test_nothing_said_for_ten_seconds_closes(service: Service, replica: Replica) -> None:
    """A socket without a client costs little, and not for long."""
    async with AsgiClient(replica) as client:
        await service.clock.advance(11.0)
        assert (await client.end())[0] == 3000


async def test_an_expired_token_is_an_error_and_a_wrong_one_a_close(
    service: Service, replica: Replica
) -> None:
    """The first makes SDKs fetch another, the second makes them stay away."""
    token = service.token(await service.person("ann"))
    service.door.expired.add(token)
    async with AsgiClient(replica) as client:
        reply = await client.call("connect", token=token)
        assert reply["error"] == {"code": 109, "message": "token expired"}
    async with AsgiClient(replica) as client:
        client.say({"id": 1, "connect": {"token": "forged"}})
        assert await client.end() == (3500, "invalid token")


async def test_a_refresh_in_band_keeps_the_connection(service: Service, replica: Replica) -> None:
    """The new token's time counts from then on."""
    ann = await service.person("ann")
    session = service.door.known[service.token(ann)].actor.session
    assert session is not None
    client = await service.client(replica)
    connected = await client.connect(service.token(ann, session=session, life_s=100.0))
    assert connected["ttl"] == 75
    fresh = service.token(ann, session=session, life_s=1_000.0)
    assert (await client.call("refresh", token=fresh))["refresh"]["ttl"] == 940
    for _ in range(13):
        await service.clock.advance(10.0)
    assert client.closed is None


async def test_a_token_that_is_not_refreshed_ends_the_connection(
    service: Service, replica: Replica
) -> None:
    """25 seconds after its end."""
    client = await service.client(replica)
    await client.connect(service.token(await service.person("ann"), life_s=100.0))
    for _ in range(12):
        await service.clock.advance(10.0)
    assert client.closed is None
    await service.clock.advance(6.0)
    assert await client.end() == (3005, "token expired")


async def test_a_vanished_client_leaves_nothing_behind(service: Service, replica: Replica) -> None:
    """Its subscriptions, its presence, its tasks."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    client = await service.client(replica, ann)
    for channel in (f"list:{groceries}", f"signals:{groceries}"):
        await client.call("subscribe", channel=channel)
    await client.close()
    await settle()
    assert replica.connections == {}
    for feed in replica.hub.feeds.values():
        assert feed.followers == []
        assert not feed.seats
        assert feed.presence.num_clients == 0
