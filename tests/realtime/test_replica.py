"""A replica with real clients in memory and a real store."""

from __future__ import annotations

from tests.realtime.conftest import Service


async def test_a_change_reaches_everyone_who_follows_the_list(service: Service) -> None:
    """Both members' sockets get the entry, the writer's too, with the next offset."""
    ann, bob = await service.person("ann"), await service.person("bob")
    groceries = await service.make_list(ann, bob)
    replica = await service.replica()
    first, second = await service.client(replica, ann), await service.client(replica, bob)
    channel = f"list:{groceries}"
    for client in (first, second):
        reply = await client.call("subscribe", channel=channel)
        assert reply["subscribe"]["offset"] == 3
    answer = await first.call(
        "rpc", method="todo.create", data={"list_id": str(groceries), "title": "milk"}
    )
    assert answer["rpc"]["data"]["offset"] == 4
    for client in (first, second):
        pub = await client.push()
        assert pub["offset"] == 4
        assert pub["data"]["type"] == "todo.created"
        assert pub["data"]["todo"]["title"] == "milk"


async def test_a_client_that_was_away_gets_exactly_what_it_missed(service: Service) -> None:
    """Recovery begins after the position asked for and goes on live."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    channel = f"list:{groceries}"
    for title in ("milk", "bread", "salt"):
        await service.do(ann, "todo.create", list_id=str(groceries), title=title)
    client = await service.client(replica, ann)
    reply = await client.call(
        "subscribe", channel=channel, recover=True, epoch=service.store.epoch, offset=3
    )
    subscribed = reply["subscribe"]
    assert (subscribed["was_recovering"], subscribed["recovered"]) == (True, True)
    assert subscribed["offset"] == 3
    assert [pub["offset"] for pub in subscribed["publications"]] == [4, 5]
    await service.do(ann, "todo.create", at=replica, list_id=str(groceries), title="tea")
    assert (await client.push())["offset"] == 6


async def test_a_change_written_elsewhere_arrives_by_the_head_poll(service: Service) -> None:
    """With no word from the bus at all, a look at the heads brings it within a second."""
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica()
    client = await service.client(replica, ann)
    await client.call("subscribe", channel=f"list:{groceries}")
    await service.do(ann, "todo.create", list_id=str(groceries), title="milk")
    assert client.waiting() == []
    await service.clock.advance(1.0)
    assert (await client.push())["offset"] == 3
