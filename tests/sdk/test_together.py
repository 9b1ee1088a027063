"""Being there together: who is here, who types, what one may ask of the service."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.sdk.conftest import Connect, Register
from tests.servers.deadline import eventually
from tests.servers.sdk_client import SdkClient, SdkError


async def _follow(client: SdkClient, channel: str, **options: Any) -> None:
    await client.do("subscribe", channel=channel, options=options)
    await client.event("subscribed", side="client", channel=channel)


async def test_presence_tells_who_is_here(register: Register, connect: Connect) -> None:
    """Connections by client id, people counted once, whichever replica they are on."""
    ann, bob = await register("ann"), await register("bob")
    shared = await ann.make_list()
    await ann.share(shared, bob)
    channel = f"list:{shared}"
    clients = [await connect(ann, at=ann.at), await connect(bob), await connect(bob)]
    for client in clients:
        await _follow(client, channel)

    async def all_three() -> dict[str, Any] | None:
        seen: dict[str, Any] = (await clients[0].do("presence", channel=channel))["clients"]
        return seen if len(seen) == 3 else None

    seen: dict[str, Any] = await eventually(all_three, "three connections are present")

    names = sorted(info["connInfo"]["username"] for info in seen.values())
    assert names == sorted([ann.username, bob.username, bob.username])
    assert {info["user"] for info in seen.values()} == {ann.id, bob.id}
    assert all(info["client"] == client_id for client_id, info in seen.items())
    stats = await clients[1].do("presenceStats", channel=channel)
    assert (stats["numClients"], stats["numUsers"]) == (3, 2)


async def test_coming_and_going_is_told_to_who_asked(register: Register, connect: Connect) -> None:
    """Join and leave go to subscriptions that asked for them, and to no other."""
    ann, bob = await register("ann"), await register("bob")
    shared = await ann.make_list()
    await ann.share(shared, bob)
    channel = f"list:{shared}"
    watching, plain = await connect(ann), await connect(ann)
    await _follow(watching, channel, joinLeave=True)
    await _follow(plain, channel)

    other = await connect(bob, at=bob.at)
    await _follow(other, channel)
    joined = await watching.event("join", where=lambda event: event["info"]["user"] == bob.id)
    await other.do("disconnect")
    left = await watching.event("leave", where=lambda event: event["info"]["user"] == bob.id)

    assert joined["info"]["connInfo"] == {"username": bob.username}
    assert left["info"]["client"] == joined["info"]["client"]
    await plain.do("presence", channel=channel)
    assert not [event for event in plain.events if event["event"] in {"join", "leave"}]


async def test_typing_is_seen_by_the_others(register: Register, connect: Connect) -> None:
    """A signal goes to whoever follows the list's signals, with who sent it, unnumbered."""
    ann, bob = await register("ann"), await register("bob")
    shared = await ann.make_list()
    await ann.share(shared, bob, "viewer")
    channel = f"signals:{shared}"
    reader, writer = await connect(ann), await connect(bob, at=bob.at)
    for client in (reader, writer):
        await _follow(client, channel)

    await writer.do("publish", channel=channel, data={"type": "typing", "detail": {"chars": 3}})

    for client in (reader, writer):
        signal = await client.event("publication", channel=channel)
        assert signal["data"] == {"type": "typing", "detail": {"chars": 3}}
        assert signal["info"]["user"] == bob.id
        assert not signal.get("offset")


async def test_nobody_publishes_into_a_log(register: Register, connect: Connect) -> None:
    """Entries are made by commands only."""
    ann = await register("ann")
    client = await connect(ann)

    for channel in (f"list:{await ann.make_list()}", f"user:{ann.id}", "all"):
        with pytest.raises(SdkError) as refused:
            await client.do("publish", channel=channel, data={"type": "typing"})
        assert refused.value.code == 103


async def test_a_command_over_the_socket_is_the_command(
    register: Register, connect: Connect
) -> None:
    """The same answer as over HTTP, the same entry, and the same operation only once."""
    ann = await register("ann")
    own = await ann.make_list()
    client, channel = await connect(ann), f"list:{own}"
    await _follow(client, channel)
    command = {"op": str(uuid.uuid4()), "list_id": own, "title": "milk"}

    first = (await client.do("rpc", method="todo.create", data=command))["data"]
    again = (await client.do("rpc", method="todo.create", data=command))["data"]

    assert first == again
    assert first["todo"]["title"] == "milk"
    created = await client.entry(channel, "todo.created")
    assert created["offset"] == first["offset"]
    assert created["data"]["op"] == command["op"]
    assert (await ann.call("GET", f"/todos/{first['todo']['id']}"))["todo"]["title"] == "milk"
    assert len(client.publications(channel)) == 1


async def test_a_refusal_over_the_socket_has_the_status_as_its_code(
    register: Register, connect: Connect
) -> None:
    """403 for a role too low, 404 for what is not there, 409 for an op used twice, 422, 104."""
    ann, bob = await register("ann"), await register("bob")
    shared = await ann.make_list()
    await ann.share(shared, bob, "viewer")
    client = await connect(bob)
    used = {"op": str(uuid.uuid4()), "title": "bob's own"}
    await client.do("rpc", method="list.create", data=used)
    create = {"op": str(uuid.uuid4()), "list_id": shared, "title": "milk"}
    expected = [
        ("todo.create", create, 403, "forbidden"),
        ("todo.create", create | {"list_id": str(uuid.uuid4())}, 404, "not_found"),
        ("list.create", used | {"title": "another"}, 409, "op_reused"),
        ("todo.create", create | {"colour": "red"}, 422, "invalid"),
        ("todo.paint", create, 104, "method not found"),
    ]

    for method, data, code, word in expected:
        with pytest.raises(SdkError, match=word) as refused:
            await client.do("rpc", method=method, data=data)
        assert refused.value.code == code, method


async def test_history_pages_through_the_log(register: Register, connect: Connect) -> None:
    """From a position on, at most as many as asked for; without a limit the position only."""
    ann = await register("ann")
    own = await ann.make_list()
    client, channel = await connect(ann), f"list:{own}"
    await _follow(client, channel)
    head = await ann.add_todos(own, 10)

    position = await client.do("history", channel=channel)
    page = await client.do(
        "history",
        channel=channel,
        options={"since": {"epoch": position["epoch"], "offset": head - 10}, "limit": 4},
    )
    newest = await client.do("history", channel=channel, options={"limit": 2, "reverse": True})

    assert (position["offset"], position["publications"]) == (head, [])
    assert [pub["offset"] for pub in page["publications"]] == [
        head - 9,
        head - 8,
        head - 7,
        head - 6,
    ]
    assert [pub["offset"] for pub in newest["publications"]] == [head, head - 1]
    with pytest.raises(SdkError) as refused:
        await client.do(
            "history", channel=channel, options={"since": {"epoch": "_", "offset": 1}, "limit": 1}
        )
    assert refused.value.code == 112
