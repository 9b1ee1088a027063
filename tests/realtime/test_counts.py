"""What the parts of a replica count, and that they do."""

from __future__ import annotations

from realtime import codes
from realtime.counts import CATCH_UPS, Counts
from realtime.effects import Failed, Followed
from realtime.subscription import Recovery, Start
from tests.realtime.acting import add_todos
from tests.realtime.conftest import Service, settle
from tests.realtime.makers import CHANNEL, follow, only, opened

RESUME = {"channel": CHANNEL, "recover": True, "epoch": "e", "offset": 3}


def test_a_replica_begins_with_nothing() -> None:
    """Outcomes are there from the start, so that their first one is an increase."""
    counts = Counts()
    assert counts.catch_ups == dict.fromkeys(CATCH_UPS, 0)
    assert (counts.publications, counts.deliveries, counts.refusals) == (0, 0, {})


def test_errors_are_counted_by_their_code() -> None:
    """Also the word of a refused rpc, which a status alone does not tell."""
    talk = opened()
    talk.say({"id": 2, "subscribe": {"channel": "nothing"}})
    talk.say({"id": 3, "sub_refresh": {"channel": CHANNEL, "token": "t"}})
    effect = only(talk.say({"id": 4, "subscribe": {"channel": CHANNEL}}))
    talk.complete(effect, Failed(codes.PERMISSION_DENIED))
    effect = only(talk.say({"id": 5, "presence": {"channel": CHANNEL}}))
    talk.complete(effect, Failed(codes.ErrorCode(404, "not_found")))
    assert talk.counts.refusals == {
        ("error", 102, "unknown channel"): 1,
        ("error", 108, "not available"): 1,
        ("error", 103, "permission denied"): 1,
        ("error", 404, "not_found"): 1,
    }


def test_an_unsubscribe_that_reaches_the_client_is_counted() -> None:
    """Once; of a channel that it does not follow, nothing is sent."""
    talk = opened()
    follow(talk)
    for _ in range(2):
        talk.session.unsubscribed(CHANNEL, codes.REMOVED)
    assert talk.counts.refusals == {("unsubscribe", 2000, "removed"): 1}


def test_resumed_subscriptions_are_counted_by_how_they_went() -> None:
    """Those that resume nothing are none."""
    talk = opened()
    follow(talk)
    assert not any(talk.counts.catch_ups.values())
    outcomes = (
        Followed(Start("e", 3, recovered=True)),
        Followed(Start("e", 9, recovered=False)),
        Failed(codes.UNRECOVERABLE_POSITION),
        Failed(codes.INTERNAL),
    )
    for outcome in outcomes:
        talk = opened()
        effect = only(talk.say({"id": 2, "subscribe": RESUME}))
        assert effect.recovery == Recovery("e", 3)
        talk.complete(effect, outcome)
        [counted] = [name for name, count in talk.counts.catch_ups.items() if count]
        expected = {0: "recovered", 3: "failed"}.get(outcomes.index(outcome), "unrecoverable")
        assert (counted, talk.counts.catch_ups[counted]) == (expected, 1)


async def test_a_replica_counts_entries_and_whom_they_reach(embedded: Service) -> None:
    """Each entry once, each hand-over once, and how old it was."""
    ann = await embedded.person("ann")
    groceries = await embedded.make_list(ann)
    replica = await embedded.replica()
    clients = [await embedded.client(replica, ann) for _ in range(3)]
    for client in clients:
        await client.call("subscribe", channel=f"list:{groceries}")
    before = replica.counts.publications
    await add_todos(embedded, ann, groceries, 2, at=replica)
    for client in clients:
        assert [(await client.push())["offset"] for _ in range(2)] == [3, 4]
    await settle()
    counts = replica.counts
    assert counts.publications - before == 2
    assert (counts.deliveries, counts.delivery_s.count) == (6, 6)
    assert (counts.gaps, counts.slow_readers) == (0, 0)


async def test_closes_by_the_server_are_counted(embedded: Service) -> None:
    """By their code; a client that hangs up refuses nobody anything."""
    ann = await embedded.person("ann")
    replica = await embedded.replica()
    leaving, hostile = await embedded.client(replica, ann), await embedded.client(replica, ann)
    await leaving.close()
    hostile.send("not JSON")
    assert (await hostile.end())[0] == 3501
    assert replica.counts.refusals == {("close", 3501, "bad request"): 1}


async def test_a_gap_and_its_repair_are_counted(embedded: Service) -> None:
    """The next look at the heads finds what nobody told of."""
    ann = await embedded.person("ann")
    groceries = await embedded.make_list(ann)
    replica = await embedded.replica()
    client = await embedded.client(replica, ann)
    await client.call("subscribe", channel=f"list:{groceries}")
    await add_todos(embedded, ann, groceries, 1)
    await embedded.clock.advance(1.0)
    assert (await client.push())["offset"] == 3
    await settle()
    assert (replica.counts.gaps, replica.counts.repairs) == (1, 1)
    assert replica.counts.failed_repairs == 0


async def test_a_reader_that_stops_is_counted_and_catches_up_by_pages(embedded: Service) -> None:
    """Dropped for a socket that takes nothing, read again from the log when it does."""
    ann = await embedded.person("ann")
    groceries = await embedded.make_list(ann)
    replica = await embedded.replica()
    client = await embedded.client(replica, ann)
    await client.call("subscribe", channel=f"list:{groceries}")
    client.reading.clear()
    for _ in range(embedded.limits.outbox_entries + 10):
        await add_todos(embedded, ann, groceries, 1, at=replica)
        await settle(2)  # each a message of its own
    assert replica.counts.slow_readers >= 1
    client.reading.set()
    last = 2 + embedded.limits.outbox_entries + 10
    while (await client.push())["offset"] < last:
        pass
    assert replica.counts.pages >= 1
