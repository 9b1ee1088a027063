"""Connecting, server-side channels, tokens: what every client meets before its first list."""

from __future__ import annotations

import time
import uuid
from uuid import UUID

import jwt
import pytest

from http_api.tokens import AccessTokens, access_keys
from store.actor import Actor
from tests.sdk.conftest import CLIENTS, Connect, MakeClient, Register
from tests.servers.asgi_replica import HypercornReplica
from tests.servers.fixtures import StartClient, StartReplica
from tests.servers.person import Person
from tests.servers.replica import SECRET_KEY, Replica
from tests.servers.sdk_client import Answer, SdkClient


async def test_a_connection_follows_its_own_inbox_and_the_broadcasts(
    register: Register, connect: Connect
) -> None:
    """Both channels are there without being asked for, with a position to resume from."""
    ann = await register("ann")

    client = await connect(ann)

    for channel in (f"user:{ann.id}", "all"):
        told = await client.event("subscribed", side="server", channel=channel)
        assert told["recoverable"]
        assert told["positioned"]
        assert told["streamPosition"]["epoch"]


async def test_a_personal_message_reaches_every_device_of_both(
    register: Register, connect: Connect
) -> None:
    """The receiver's devices have it, and the sender's other devices too."""
    ann, bob = await register("ann"), await register("bob")
    await ann.share(await ann.make_list(), bob)
    devices = [(await connect(bob), bob), (await connect(bob), bob), (await connect(ann), ann)]

    await ann.call("POST", "/messages", {"to": bob.username, "text": "tea?"})

    for client, person in devices:
        received = await client.entry(f"user:{person.id}", "message.received")
        assert received["side"] == "server"
        assert received["data"]["message"]["text"] == "tea?"
        assert received["data"]["message"]["from"] == {"id": ann.id, "username": ann.username}


async def test_missed_personal_messages_come_after_being_away(
    register: Register, connect: Connect
) -> None:
    """The inbox is recovered like a list: exactly what was missed, in order."""
    ann, bob = await register("ann"), await register("bob")
    await ann.share(await ann.make_list(), bob)
    client, channel = await connect(bob), f"user:{bob.id}"
    start = await client.event("subscribed", side="server", channel=channel)
    first = start["streamPosition"]["offset"] + 1
    await client.do("disconnect")
    away = len(client.events)

    for number in range(3):
        await ann.call("POST", "/messages", {"to": bob.username, "text": f"message {number}"})
    await client.do("reconnect")

    told = await client.event("subscribed", after=away, side="server", channel=channel)
    assert told["wasRecovering"]
    assert told["recovered"]
    await client.event("publication", channel=channel, offset=first + 2)
    assert client.offsets(channel) == [first, first + 1, first + 2]
    texts = [pub["data"]["message"]["text"] for pub in client.publications(channel)]
    assert texts == ["message 0", "message 1", "message 2"]


@pytest.mark.parametrize("kind", [Replica, HypercornReplica])
async def test_a_broadcast_reaches_everyone(
    make_client: MakeClient, start_replica: StartReplica, kind: type[Replica]
) -> None:
    """An administrator speaks to all, whether they share a list or not; nobody else may."""
    # On a service of its own: on the one that tests share, everyone would hear it.
    at = await start_replica(kind, RATE_LIMITS="off")
    admin, bob = await Person.register(at, "admin"), await Person.register(at, "bob")
    clients = [await make_client(sdk) for sdk in CLIENTS]
    for client in clients:
        await client.do("connect", url=at.websocket, token=bob.access_token)
        await client.event("subscribed", channel="all")
    await at.administer("user", "set-admin", admin.username)

    refused = await bob.answer("POST", "/broadcasts", {"text": "me too"})
    await admin.call("POST", "/broadcasts", {"text": "tea for all"})

    assert refused.status_code == 403
    for client in clients:
        told = await client.entry("all", "broadcast.posted")
        assert told["side"] == "server"
        assert told["offset"] == 1
        assert told["data"]["message"]["text"] == "tea for all"
        assert told["data"]["message"]["from"] == {"id": admin.id, "username": admin.username}


@pytest.mark.parametrize("token", ["not-a-token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
async def test_an_invalid_token_ends_the_client(
    service: tuple[Replica, Replica], start_client: StartClient, token: str
) -> None:
    """Trying again would not help, so the SDK is told to stay away."""
    client = await start_client()

    await client.do("connect", url=service[1].websocket, token=token)

    assert (await client.event("disconnected"))["code"] == 3500


async def test_an_expired_token_is_replaced_before_connecting(
    register: Register, service: tuple[Replica, Replica], start_client: StartClient
) -> None:
    """Error 109 makes the SDK ask its app for a new token, and connect with that."""
    ann = await register("ann")
    client = await start_client()
    client.answers["token"] = ann.refresh

    await client.do("connect", url=service[1].websocket, token=_signed(ann, life_s=60, ago_s=3_600))

    await client.event("connected")
    await client.event("subscribed", channel=f"user:{ann.id}")
    assert not [event for event in client.events if event["event"] == "disconnected"]


async def test_a_token_is_refreshed_in_band(
    register: Register, service: tuple[Replica, Replica], make_client: MakeClient
) -> None:
    """The connection outlives its first token without being cut."""
    ann = await register("ann")
    clients = {sdk: await make_client(sdk) for sdk in CLIENTS}

    def answer(client: SdkClient) -> Answer:
        async def token(_channel: str | None) -> str:
            client.record({"event": "refreshed"})
            return _signed(ann, life_s=4)

        return token

    # All at once, for this takes as long as the tokens live.
    for client in clients.values():
        client.answers["token"] = answer(client)
        await client.do("connect", url=service[1].websocket, token=_signed(ann, life_s=4))

    for sdk, client in clients.items():
        # The SDK refreshes at three quarters of a token's life. When it does so for the second
        # time, its first token has been expired for two seconds.
        first = await client.event("refreshed")
        await client.event("refreshed", after=client.events.index(first) + 1)

        made = await client.do("rpc", method="list.create", data=_command(title="still here"))
        assert made["data"]["list"]["title"] == "still here", sdk
        names = [event["event"] for event in client.events]
        assert (names.count("connecting"), names.count("connected")) == (1, 1), sdk


async def test_logging_out_ends_that_sessions_connections(
    register: Register, connect: Connect
) -> None:
    """On whichever replica they are, and for good; the person's other sessions go on."""
    ann = await register("ann")
    client, first = await connect(ann), ann.access_token
    await ann.log_in()
    other = await connect(ann)

    ann.access_token = first
    await ann.call("POST", "/auth/logout")

    assert (await client.event("disconnected"))["code"] == 3500
    made = await other.do("rpc", method="list.create", data=_command(title="still here"))
    assert made["data"]["list"]["title"] == "still here"


def _signed(person: Person, *, life_s: int, ago_s: float = 0) -> str:
    """Give a token of the person's own session, as the service signed it ``ago_s`` seconds ago."""
    session = jwt.decode(person.access_token, options={"verify_signature": False})["sid"]
    actor = Actor(id=UUID(person.id), username=person.username, session=UUID(session))
    keys = access_keys(SECRET_KEY.encode())
    return AccessTokens(keys, ttl_s=life_s, now=lambda: time.time() - ago_s).issue(actor)


def _command(**fields: str) -> dict[str, str]:
    return {"op": str(uuid.uuid4()), **fields}
