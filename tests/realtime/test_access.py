"""A session that has ended is ended on every replica, and its sockets are closed."""

from __future__ import annotations

from uuid import UUID, uuid4

from realtime.replica import Replica
from store.actor import Actor
from tests.realtime.conftest import Service


async def test_sockets_of_an_ended_session_are_closed_and_stay_out(service: Service) -> None:
    """On every replica; other sessions of the same person go on."""
    ann = await service.person("ann")
    one, two = await service.replica(), await service.replica()
    session = uuid4()
    token = service.token(ann, session=session)
    here, there = await service.client(one), await service.client(two)
    await here.connect(token)
    await there.connect(token)
    other = await service.client(two, ann)
    await _end_session(service, one, ann, session)
    for client in (here, there):
        assert (await client.end())[0] == 3500
    assert "ping" in await other.call("ping")
    for replica in (one, two):
        assert replica.is_revoked(session, ann.id, service.clock.now())
        again = await service.client(replica)
        again.say({"id": 1, "connect": {"token": token}})
        assert (await again.end())[0] == 3500


async def test_an_ended_session_is_heard_of_without_the_bus_too(service: Service) -> None:
    """The control log is followed like every other; a new replica reads it back."""
    ann = await service.person("ann")
    replica = await service.replica()
    session = uuid4()
    client = await service.client(replica)
    await client.connect(service.token(ann, session=session))
    await _end_session(service, None, ann, session)
    await service.clock.advance(1.0)
    assert (await client.end())[0] == 3500
    assert (await service.replica()).is_revoked(session, ann.id, service.clock.now())


async def test_all_sessions_of_a_person_can_be_ended_until_now(service: Service) -> None:
    """A token issued later is another one."""
    ann = await service.person("ann")
    replica = await service.replica()
    client = await service.client(replica, ann)
    await _end_session(service, replica, ann, None)
    assert (await client.end())[0] == 3500
    await service.clock.advance(1.0)
    await service.client(replica, ann)


async def _end_session(
    service: Service, replica: Replica | None, actor: Actor, session: UUID | None
) -> None:
    """Write the control entry as the store's accounts do, and tell of it."""
    from datetime import UTC, datetime

    from store.control import append_control, session_revoked
    from store.database import Pool

    at = datetime.fromtimestamp(service.clock.now(), UTC)
    entries = await service.store.database.transact(
        Pool.AUTH,
        None,
        lambda connection: append_control(connection, [session_revoked(session, actor.id, at)]),
    )
    if replica is not None:
        replica.announce(entries)
