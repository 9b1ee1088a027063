"""Three replicas behind Nginx serve official SDK clients through every fault of every part."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator

import asyncpg
import pytest

from tests.faults.journal import Journal
from tests.nginx.conftest import Arrive, Connect
from tests.nginx.hurt import HurtService
from tests.nginx.load import Load
from tests.servers.apart import apart
from tests.servers.deadline import eventually
from tests.servers.fixtures import _REPLICAS
from tests.servers.run import Run

pytestmark = [
    pytest.mark.xdist_group("nginx"),
    pytest.mark.faults,
    pytest.mark.timeout(240),
    # The writers' HTTP library forgets TLS connections that are cut or given up in a bad moment.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_WRITES = 1_000

_END_ONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = $1 AND application_name = 'lockstep' ORDER BY state = 'idle', random() LIMIT 1
"""


@pytest.fixture(scope="module")
def hurt(run: Run) -> Iterator[HurtService]:
    """Give the service that the scenarios of this module share."""
    service = apart(lambda: HurtService.begin(run))
    yield service
    apart(service.close)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Have what the library forgot collected here, not in somebody else's test."""
    yield
    gc.collect()


class Scenario:
    """Hold what a fault is done to, and what was felt of it."""

    def __init__(self, hurt: HurtService, load: Load) -> None:
        self.hurt = hurt
        self.load = load
        self.journal = Journal(hurt.replicas)

    async def logged(self, event: str) -> None:
        """Wait until every replica has said ``event``."""
        await eventually(
            lambda: all(self.journal.events(event)), f"{event} at every replica", within_s=30
        )

    def written_at_first(self) -> int:
        """Count the writes that the first replica answered."""
        first = self.hurt.edge.addresses[0]
        return sum(
            line["replica"] == first and line["replica_status"] == "201"
            for line in self.hurt.edge.lines()
        )

    @property
    def cuts(self) -> int:
        """How often a device lost its connection."""
        return sum(self.load.cuts(device) for device in self.load.devices)


async def _replicas_killed(one: Scenario) -> None:
    for replica in one.hurt.replicas:
        await replica.kill()
        await one.load.until_acknowledged(30)
        await replica.launch()
    await eventually(lambda: one.cuts, "a device was cut off")


async def _replica_killed_between_commit_and_publish(one: Scenario) -> None:
    # What the replica commits from now on it acknowledges, and nobody is told of it.
    before = one.written_at_first()
    one.hurt.between.swallowed, one.hurt.between.deaf = 0, True
    await one.load.until_acknowledged(90)
    await one.hurt.replicas[0].kill()
    assert one.hurt.between.swallowed, "all was told"
    assert one.written_at_first() >= before + 5, "nothing was committed at the replica"
    one.hurt.between.deaf = False
    await one.hurt.replicas[0].launch()


async def _replicas_stopped(one: Scenario) -> None:
    for replica in one.hurt.replicas:
        assert await replica.stop() == 0
        await replica.launch()
    await eventually(lambda: one.cuts, "a device was sent away")


async def _replica_frozen(one: Scenario) -> None:
    one.hurt.replicas[1].pause()
    await asyncio.sleep(8)
    one.hurt.replicas[1].resume()
    since = time.monotonic()
    await one.load.back(since)
    assert one.load.longest_s >= 2 or one.load.sent_again, "nobody met the frozen replica"


async def _redis_killed(one: Scenario) -> None:
    one.hurt.redis_process.kill()
    await one.logged("bus_lost")
    await one.load.until_acknowledged(200)
    one.hurt.redis.launch(one.hurt.run)
    await one.logged("bus_restored")
    assert not one.load.sent_again, "a write noticed"


async def _redis_frozen(one: Scenario) -> None:
    one.hurt.redis_process.pause()
    await one.logged("bus_lost")
    await one.load.until_acknowledged(200)
    one.hurt.redis_process.resume()
    await one.logged("bus_restored")
    assert not one.load.sent_again, "a write noticed"


async def _redis_emptied(one: Scenario) -> None:
    kept = 0
    for _ in range(5):
        await one.load.until_acknowledged(80)
        await one.load.people[0].position(one.load.list_id)  # a snapshot to keep
        kept += int(one.hurt.redis.command("DBSIZE").strip(":\r\n"))
        assert one.hurt.redis.command("FLUSHALL") == "+OK\r\n"
    assert kept, "there was nothing to lose"
    assert not one.load.sent_again, "a write noticed"


async def _subscribers_cut_off(one: Scenario) -> None:
    cut = one.hurt.redis.command("CLIENT", "KILL", "TYPE", "pubsub")
    assert cut == f":{len(one.hurt.replicas)}\r\n"
    await one.logged("bus_lost")
    await one.logged("bus_restored")
    assert not one.load.sent_again, "a write noticed"


async def _messages_dropped(one: Scenario) -> None:
    one.hurt.between.lost, one.hurt.between.lose_one_in = 0, 100
    await eventually(lambda: one.hurt.between.lost >= 3, "three messages are lost", within_s=60)
    one.hurt.between.lose_one_in = 0
    assert not any(one.journal.events("bus_lost")), "the loss was not a silent one"


async def _postgresql_restarted(one: Scenario) -> None:
    assert await asyncio.to_thread(one.hurt.postgresql_process.stop) == 0
    await asyncio.sleep(1)
    await asyncio.to_thread(one.hurt.postgresql.launch, one.hurt.run)
    await _refused_and_back(one)


async def _postgresql_crashed(one: Scenario) -> None:
    await asyncio.to_thread(one.hurt.postgresql_process.kill)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(one.hurt.postgresql.launch, one.hurt.run)
    await _refused_and_back(one)


async def _postgresql_frozen(one: Scenario) -> None:
    one.hurt.postgresql_process.pause()
    await asyncio.sleep(12)
    one.hurt.postgresql_process.resume()
    await _refused_and_back(one)


async def _backends_ended(one: Scenario) -> None:
    connection = await asyncpg.connect(one.hurt.postgresql.url("postgres", user="postgres"))
    ended = 0
    try:
        for _ in range(20):
            ended += len(await connection.fetch(_END_ONE, one.hurt.database))
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
    assert ended >= 10
    assert one.load.sent_again, "no write was in doubt"


async def _requests_cancelled(one: Scenario) -> None:
    for person in one.load.people:
        person.impatience = 0.35
    await one.load.until_acknowledged(400)
    for person in one.load.people:
        person.impatience = 0.0
    assert sum(person.given_up for person in one.load.people) >= 50


async def _nginx_killed(one: Scenario) -> None:
    for _ in range(2):
        before = [len(device.events) for device in one.load.devices]
        await asyncio.to_thread(one.hurt.edge.kill)
        await asyncio.to_thread(one.hurt.edge.launch)
        for device, seen in zip(one.load.devices, before, strict=True):
            await device.event("connected", after=seen, within_s=10)
        await one.load.until_acknowledged(100)
    assert one.load.sent_again, "no request was cut"


async def _refused_and_back(one: Scenario) -> None:
    await one.load.back(time.monotonic())
    assert one.load.sent_again, "no write was in doubt"
    assert not one.cuts, "a socket did not stay"


_FAULTS: tuple[Callable[[Scenario], Awaitable[None]], ...] = (
    _replicas_killed,
    _replica_killed_between_commit_and_publish,
    _replicas_stopped,
    _replica_frozen,
    _redis_killed,
    _redis_frozen,
    _redis_emptied,
    _subscribers_cut_off,
    _messages_dropped,
    _postgresql_restarted,
    _postgresql_crashed,
    _postgresql_frozen,
    _backends_ended,
    _requests_cancelled,
    _nginx_killed,
)


@pytest.mark.parametrize("fault", _FAULTS, ids=[fault.__name__[1:] for fault in _FAULTS])
async def test_nothing_is_lost(
    fault: Callable[[Scenario], Awaitable[None]],
    hurt: HurtService,
    arrive: Arrive,
    connect: Connect,
    request: pytest.FixtureRequest,
) -> None:
    """A member is removed meanwhile; every write is there once, in order, on every device.

    And no connection to the database is left in a transaction, or left over.
    """
    request.node.stash[_REPLICAS] = hurt.replicas
    await hurt.heal()
    load = await Load.begin(hurt.edge, hurt.replicas, arrive, connect)
    one = Scenario(hurt, load)
    await load.until_acknowledged(200)

    removal = asyncio.create_task(load.remove_guest())
    await fault(one)
    await load.back(time.monotonic())
    await removal
    await load.until_acknowledged(max(50, _WRITES - load.acknowledged.total()))
    await load.end()

    await load.check()
    assert load.removed_at is not None
    assert load.acknowledged.total() >= _WRITES
    assert one.journal.errors() == []
    assert await hurt.idle_in_transaction() == []
    await hurt.keeps_its_pools()
