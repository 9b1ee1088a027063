"""Who follows what: removals, slow readers, and what is remembered, over a real store."""

from __future__ import annotations

import asyncio
from typing import Any

from realtime.limits import Limits
from realtime.reads import Reads
from store.entry import LogRead
from store.log_id import LogId
from tests.realtime.acting import add_todo, pair, remove_member
from tests.realtime.asgi_client import AsgiClient
from tests.realtime.conftest import DegradableBus, Service, settle

# --- removal ---


async def test_the_removal_is_the_last_thing_a_removed_member_gets(service: Service) -> None:
    """On every socket and every replica: the entry, the unsubscribe, and nothing after."""
    ann, bob, groceries, one = await pair(service)
    two = await service.replica()
    channel = f"list:{groceries}"
    clients = [await service.client(replica, bob) for replica in (one, one, two)]
    for client in clients:
        await client.call("subscribe", channel=channel)
        await client.call("subscribe", channel=f"signals:{groceries}")
    await remove_member(service, ann, groceries, "bob", at=one)
    await add_todo(service, ann, groceries, at=one)
    for client in clients:
        assert (await client.push(channel=channel))["data"]["type"] == "member.removed"
        for name in (channel, f"signals:{groceries}"):
            push = await client.push("unsubscribe", name)
            assert push == {"code": 2000, "reason": "removed"}
        assert (await client.push(channel=f"user:{bob.id}"))["data"]["type"] == "list.left"
        await client.call("ping")
        assert client.waiting() == []
        denied = await client.call("subscribe", channel=channel)
        assert denied["error"]["code"] == 103


async def test_a_removed_member_who_is_added_again_may_return(service: Service) -> None:
    """The same channel can be subscribed again, and resumes where it was."""
    ann, bob, groceries, replica = await pair(service)
    channel = f"list:{groceries}"
    client = await service.client(replica, bob)
    await client.call("subscribe", channel=channel)
    await remove_member(service, ann, groceries, "bob", at=replica)
    await client.push("unsubscribe")
    fields = {"list_id": str(groceries), "username": "bob", "role": "viewer"}
    await service.do(ann, "member.set", at=replica, **fields)
    reply = await client.call("subscribe", channel=channel, recover=True, offset=4)
    assert [pub["data"]["type"] for pub in reply["subscribe"]["publications"]] == ["member.added"]
    await add_todo(service, ann, groceries, at=replica)
    await client.push()  # the removal
    assert (await client.push(channel=channel))["offset"] == 6


async def test_a_deleted_list_ends_everybody(service: Service) -> None:
    """The owner's own sockets too; they learn that it is not only over for them."""
    ann, bob, groceries, replica = await pair(service)
    clients = [await service.client(replica, actor) for actor in (ann, bob)]
    for client in clients:
        await client.call("subscribe", channel=f"list:{groceries}")
        await client.call("subscribe", channel=f"signals:{groceries}")
    await service.do(ann, "list.delete", at=replica, list_id=str(groceries))
    for client in clients:
        assert (await client.push())["data"]["type"] == "list.deleted"
        for name in (f"list:{groceries}", f"signals:{groceries}"):
            push = await client.push("unsubscribe", name)
            assert push == {"code": 2000, "reason": "list deleted"}


async def test_a_changed_role_changes_nothing_on_the_socket(service: Service) -> None:
    """Roles are decided where commands are."""
    ann, bob, groceries, replica = await pair(service)
    client = await service.client(replica, bob)
    await client.call("subscribe", channel=f"list:{groceries}")
    fields = {"list_id": str(groceries), "username": "bob", "role": "viewer"}
    await service.do(ann, "member.set", at=replica, **fields)
    assert (await client.push())["data"]["type"] == "member.role_changed"
    await add_todo(service, ann, groceries, at=replica)
    assert (await client.push())["offset"] == 5


async def test_removals_race_with_writes_and_subscribes(service: Service) -> None:
    """Whatever the interleaving, nothing beyond the removal, nothing missing before it."""
    ann, bob, groceries, one = await pair(service)
    two = await service.replica()
    channel = f"list:{groceries}"
    for round_number in range(6):
        client = await service.client(two if round_number % 2 else one, bob)
        writes = [add_todo(service, ann, groceries, at=one if n % 2 else two) for n in range(8)]
        head = (await service.store.heads([LogId.list(groceries)]))[LogId.list(groceries)]
        asked = {"channel": channel, "recover": True, "offset": head}
        client.say({"id": 99, "subscribe": asked})
        removal = remove_member(service, ann, groceries, "bob", at=one)
        await asyncio.gather(*writes[:4], removal, *writes[4:])
        reply = await client.reply(99)
        if "subscribe" in reply:
            await client.push("unsubscribe", channel)
            pubs = reply["subscribe"].get("publications", []) + client.waiting(channel=channel)
            got = [pub["offset"] for pub in pubs]
            entries = (await service.store.read_log(LogId.list(groceries), None, head)).entries
            removed = next(one.offset for one in entries if one.type == "member.removed")
            assert got == list(range(head + 1, head + 1 + len(got)))
            assert not got or got[-1] <= removed
        else:
            assert reply["error"]["code"] == 103
        await client.close()
        fields = {"list_id": str(groceries), "username": "bob", "role": "editor"}
        await service.do(ann, "member.set", at=one, **fields)


# --- slow readers ---


async def test_a_slow_reader_falls_behind_and_is_caught_up(service: Service) -> None:
    """Its queue is bounded; when it reads again it gets everything, once, in order."""
    ann, bob, groceries, _ = await pair(service)
    replica = await service.replica(
        limits=Limits(outbox_entries=4, outbox_bytes=4_000, page_bytes=2_000)
    )
    channel = f"list:{groceries}"
    slow, quick = await service.client(replica, bob), await service.client(replica, ann)
    for client in (slow, quick):
        await client.call("subscribe", channel=channel)
    slow.reading.clear()
    for _ in range(30):
        await add_todo(service, ann, groceries, at=replica)
    got = [(await quick.push())["offset"] for _ in range(30)]
    assert got == list(range(4, 34))
    connection = next(one for one in replica.connections if one.session.client == slow.client)
    assert len(connection.outbox) <= 4
    assert connection.outbox.bytes <= 4_000
    slow.reading.set()
    got = [(await slow.push())["offset"] for _ in range(30)]
    assert got == list(range(4, 34))
    await add_todo(service, ann, groceries, at=replica)
    assert (await slow.push())["offset"] == 34
    await quick.push()
    assert slow.waiting() == []


async def test_a_slow_reader_who_was_removed_meanwhile_gets_no_more(service: Service) -> None:
    """Catching up looks at the membership."""
    ann, bob, groceries, _ = await pair(service)
    replica = await service.replica(
        limits=Limits(outbox_entries=4, outbox_bytes=4_000, page_bytes=2_000)
    )
    channel = f"list:{groceries}"
    slow = await service.client(replica, bob)
    await slow.call("subscribe", channel=channel)
    slow.reading.clear()
    for _ in range(10):
        await add_todo(service, ann, groceries, at=replica)
    await remove_member(service, ann, groceries, "bob", at=replica)
    for _ in range(10):
        await add_todo(service, ann, groceries, at=replica)
    slow.reading.set()
    assert (await slow.push("unsubscribe", channel))["code"] == 2000
    got = [pub["offset"] for pub in slow.waiting() if pub["data"]["type"].startswith("todo.")]
    assert all(offset <= 14 for offset in got)


async def test_a_reader_that_stays_stuck_is_cut(service: Service) -> None:
    """After ten seconds, although its socket takes no close frame either."""
    ann, _, groceries, replica = await pair(service)
    stuck = await service.client(replica, ann)
    await stuck.call("subscribe", channel=f"list:{groceries}")
    stuck.reading.clear()
    await add_todo(service, ann, groceries, at=replica)
    await settle()
    await service.clock.advance(11.0)
    assert all(one.session.client != stuck.client for one in replica.connections)
    await service.clock.advance(6.0)
    assert stuck._app is not None
    await asyncio.wait_for(stuck._app, 5.0)
    assert stuck.closed is None


async def test_many_resumes_in_one_frame_wait_for_the_reader(service: Service) -> None:
    """Replies are never dropped, so nothing further is started while too much waits."""
    ann, _, _, _ = await pair(service)
    lists = [await service.make_list(ann) for _ in range(6)]
    for list_id in lists:
        await service.do(ann, "message.post", list_id=str(list_id), text="x" * 3_000)
    replica = await service.replica(limits=Limits(outbox_bytes=4_000))
    client = await service.client(replica, ann)
    client.reading.clear()
    client.say(
        *[
            {"id": 100 + n, "subscribe": {"channel": f"list:{one}", "recover": True, "offset": 0}}
            for n, one in enumerate(lists)
        ]
    )
    await asyncio.sleep(0.1)
    connection = next(one for one in replica.connections if one.session.client == client.client)
    assert connection.outbox.bytes <= 2 * 4_000
    client.reading.set()
    for number, _ in enumerate(lists):
        reply = await client.reply(100 + number)
        assert len(reply["subscribe"]["publications"]) == 3


async def test_every_client_sees_the_same_order(service: Service) -> None:
    """Concurrent writers on two replicas; every socket gets 1..n, whatever came first."""
    ann, bob, groceries, one = await pair(service)
    two = await service.replica()
    channel = f"list:{groceries}"
    clients: list[AsgiClient] = []
    for replica in (one, two, one, two):
        client = await service.client(replica, ann)
        await client.call("subscribe", channel=channel)
        clients.append(client)
    await asyncio.gather(
        *[
            add_todo(service, actor, groceries, at=at)
            for actor in (ann, bob)
            for at in (one, two) * 8
        ]
    )
    for client in clients:
        got = [(await client.push(channel=channel))["offset"] for _ in range(32)]
        assert got == list(range(4, 36))


# --- from memory ---


async def test_a_known_member_joins_and_resumes_without_a_read(service: Service) -> None:
    """The first one reads; after that membership, head and last entries are known from the log."""
    ann, bob, groceries, replica = await pair(service)
    channel = f"list:{groceries}"
    first = await service.client(replica, bob)
    await first.call("subscribe", channel=channel)
    for _ in range(3):
        await add_todo(service, ann, groceries, at=replica)
    source = _Counted(replica.hub.reads)
    again = await service.client(replica, bob)
    for since in (6, 5, 3):
        reply = await again.call("subscribe", channel=channel, recover=True, offset=since)
        missed = [pub["offset"] for pub in reply["subscribe"].get("publications", ())]
        assert missed == list(range(since + 1, 7))
        assert reply["subscribe"]["recovered"] is True
        await again.call("unsubscribe", channel=channel)
    plain = await again.call("subscribe", channel=channel)
    assert plain["subscribe"]["offset"] == 6
    assert source.pages == 0
    await again.call("unsubscribe", channel=channel)
    further = await again.call("subscribe", channel=channel, recover=True, offset=1)
    assert len(further["subscribe"]["publications"]) == 5
    assert source.pages == 1


async def test_a_removed_member_is_known_no_more(service: Service) -> None:
    """Memory ends with the entry that takes the membership."""
    ann, bob, groceries, replica = await pair(service)
    channel = f"list:{groceries}"
    client = await service.client(replica, bob)
    await client.call("subscribe", channel=channel)
    await remove_member(service, ann, groceries, "bob", at=replica)
    other = await service.client(replica, bob)
    assert (await other.call("subscribe", channel=channel))["error"]["code"] == 103


async def test_nothing_is_answered_from_memory_while_the_bus_is_degraded(embedded: Service) -> None:
    """What is remembered may be a moment old then: the log is asked."""
    service = embedded
    bus = DegradableBus()
    ann = await service.person("ann")
    groceries = await service.make_list(ann)
    replica = await service.replica(bus)
    channel = f"list:{groceries}"
    client = await service.client(replica, ann)
    await client.call("subscribe", channel=channel)
    await add_todo(service, ann, groceries)  # nobody tells of it
    bus.degraded = True
    other = await service.client(replica, ann)
    reply = await other.call("subscribe", channel=channel, recover=True, offset=2)
    assert [pub["offset"] for pub in reply["subscribe"]["publications"]] == [3]


class _Counted:
    """Count the pages that are read for subscribers."""

    def __init__(self, reads: Reads) -> None:
        self.pages = 0
        page = reads.page

        async def counted(*arguments: Any, **options: Any) -> LogRead:
            self.pages += 1
            return await page(*arguments, **options)

        reads.page = counted  # type: ignore[method-assign]
