"""Tests of `lockstep serve` as a process: it starts, keeps what it was told, and ends."""

from __future__ import annotations

import psutil

from tests.servers.fixtures import StartReplica
from tests.servers.person import Person
from tests.servers.replica import Replica


async def test_the_embedded_default_starts_and_ends(start_replica: StartReplica) -> None:
    """No settings at all: it migrates, serves, and ends with status 0 when asked to."""
    replica = await start_replica()

    assert replica.is_ready()
    assert (replica.directory / "var" / "lockstep.db").exists()
    assert await replica.stop() == 0
    assert not replica.is_ready()


async def test_a_second_start_is_quick(start_replica: StartReplica) -> None:
    """Ready within two seconds once everything is set up.

    Two seconds of a processor: by the clock it would be a test of what else the machine does.
    """
    replica = await start_replica()
    await replica.stop()

    await replica.launch()

    assert replica.process is not None
    used = psutil.Process(replica.process.pid).cpu_times()
    assert used.user + used.system < 2


async def test_what_was_acknowledged_survives_a_kill(start_replica: StartReplica) -> None:
    """Kill -9, start again: the list is there, and so is the session."""
    replica = await start_replica()
    ann = await Person.register(replica)
    list_id = await ann.make_list("Groceries")
    todo = await ann.add_todo(list_id, "milk")

    await replica.kill()
    await replica.launch()

    snapshot = await ann.call("GET", f"/lists/{list_id}")
    assert snapshot["offset"] == todo["offset"]
    assert [one["title"] for one in snapshot["todos"]] == ["milk"]


async def test_two_replicas_are_one_service(service: tuple[Replica, Replica]) -> None:
    """An account made on one may be used on the other, at once."""
    ann = await Person.register(service[0])
    list_id = await ann.make_list()

    ann.at = service[1]

    assert (await ann.call("GET", f"/lists/{list_id}"))["list"]["title"] == "Shopping"
