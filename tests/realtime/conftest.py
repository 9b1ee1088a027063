"""Start replicas over real stores, with people who connect to them."""

from __future__ import annotations

import asyncio
import dataclasses
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid6 import uuid7

from realtime.bus import Bus, BusState
from realtime.bus_memory import MemoryBus, MemoryExchange
from realtime.bus_redis import RedisBus
from realtime.credentials import Credentials, TokenExpired, TokenInvalid
from realtime.limits import Limits
from realtime.replica import Replica
from store.actor import Actor
from store.append import create_log
from store.database import Pool
from store.engines import StoreSettings
from store.log_id import LogId
from store.migrate import migrate
from store.store import Store, open_store
from store.tables import users
from store.todo.commands import COMMANDS
from store.usernames import name_key
from tests.realtime.asgi_client import AsgiClient
from tests.realtime.stream_client import StreamClient


class FakeClock:
    """Be a clock that only ``advance`` moves; sleepers wake in the order of their times."""

    def __init__(self, start: float = 1_000.0, wall: float = 1_790_000_000.0) -> None:
        self._monotonic = start
        self._wall = wall
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def monotonic(self) -> float:
        """Give seconds."""
        return self._monotonic

    def now(self) -> float:
        """Give seconds since 1970."""
        return self._wall

    async def sleep(self, seconds: float) -> None:
        """Wait until ``advance`` has gone that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, self._count, future))
        await future

    async def stall(self, seconds: float) -> None:
        """Let time pass while nothing runs; whoever was due wakes afterwards, late."""
        await settle()  # what was just started goes to sleep first
        self._monotonic += seconds
        self._wall += seconds
        while self._sleepers and self._sleepers[0][0] <= self._monotonic:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
        await settle()

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking who is due, one moment after the other."""
        until = self._monotonic + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            when, _, future = heapq.heappop(self._sleepers)
            self._wall += when - self._monotonic
            self._monotonic = when
            if not future.done():
                future.set_result(None)
            await settle()
        self._wall += until - self._monotonic
        self._monotonic = until
        await settle()


async def settle(turns: int = 20) -> None:
    """Let every task that can go on go on."""
    for _ in range(turns):
        await asyncio.sleep(0)


class Doorkeeper:
    """Issue tokens that are their own names, and authenticate them."""

    def __init__(self) -> None:
        self.known: dict[str, Credentials] = {}
        self.expired: set[str] = set()

    def issue(
        self,
        actor: Actor,
        *,
        issued_at: float,
        life_s: float = 1_800.0,
        session: UUID | None = None,
    ) -> str:
        """Make a token of a (new) session."""
        token = f"token-{len(self.known)}"
        one = dataclasses.replace(actor, session=session or uuid4())
        self.known[token] = Credentials(one, issued_at, issued_at + life_s)
        return token

    def __call__(self, token: str) -> Credentials:
        """Authenticate."""
        if token in self.expired:
            raise TokenExpired
        try:
            return self.known[token]
        except KeyError:
            raise TokenInvalid from None


@dataclass
class Service:
    """Hold everything a test of a replica works with."""

    store: Store
    clock: FakeClock
    limits: Limits
    make_bus: Callable[[], Bus]
    door: Doorkeeper = field(default_factory=Doorkeeper)
    replicas: list[Replica] = field(default_factory=list)
    clients: list[AsgiClient] = field(default_factory=list)
    streaming: bool = False  # clients come by HTTP, and speak through the newest replica

    async def replica(self, bus: Bus | None = None, **options: Any) -> Replica:
        """Start one more replica."""
        one = Replica(
            options.pop("store", self.store),
            bus or self.make_bus(),
            self.door,
            options.pop("limits", self.limits),
            clock=options.pop("clock", self.clock),
            **options,
        )
        await one.start()
        self.replicas.append(one)
        return one

    async def person(self, username: str) -> Actor:
        """Make an account."""
        user_id = UUID(int=uuid7().int)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(
                insert(users).values(
                    id=user_id,
                    username=username,
                    name_key=name_key(username),
                    inbox_id=UUID(int=uuid7().int),
                    created_at=datetime.now(UTC),
                )
            )
            await create_log(connection, LogId.user(user_id))

        await self.store.database.transact(Pool.APP, user_id, work)
        return Actor(user_id, username)

    async def client(self, replica: Replica, actor: Actor | None = None, **body: Any) -> AsgiClient:
        """Open a socket; connected, when an actor is given."""
        client = StreamClient(replica, self.replicas[-1]) if self.streaming else AsgiClient(replica)
        self.clients.append(client)
        await client.open()
        if actor is not None:
            await client.connect(self.token(actor), **body)
        return client

    def token(self, actor: Actor, **options: Any) -> str:
        """Issue a token now."""
        return self.door.issue(actor, issued_at=self.clock.now(), **options)

    async def do(
        self, actor: Actor, kind: str, /, *, at: Replica | None = None, **fields: Any
    ) -> Any:
        """Carry a command out, through a replica or past all of them."""
        command = COMMANDS[kind].model_validate(fields)
        if at is None:
            return await self.store.commit(actor, command)
        return await at.submit(actor, command)

    async def make_list(self, owner: Actor, *members: Actor) -> UUID:
        """Make a list with editors beside its owner."""
        list_id = uuid4()
        await self.do(owner, "list.create", id=str(list_id), title="Groceries")
        for member in members:
            await self.do(
                owner, "member.set", list_id=str(list_id), username=member.username, role="editor"
            )
        return list_id


class DegradableBus(MemoryBus):
    """Be a bus that says it is of no use while ``degraded``."""

    degraded = False

    @property
    def state(self) -> BusState:
        """Say so."""
        return BusState.DEGRADED if self.degraded else BusState.HEALTHY


@pytest.fixture(params=["sqlite", "postgresql", "streams"])
async def service(request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    """Give a service over SQLite and the memory bus, then over PostgreSQL and Redis.

    Then once more over the former, with HTTP streams for sockets. Its sockets and replicas are
    gone afterwards.
    """
    if request.param != "postgresql":
        exchange = MemoryExchange()
        url = request.getfixturevalue("sqlite_url")
        async with _service(url, lambda: MemoryBus(exchange)) as one:
            one.streaming = request.param == "streams"
            yield one
        return
    redis_url: str = request.getfixturevalue("redis_url")
    namespace: str = request.getfixturevalue("namespace")
    async with _service(
        request.getfixturevalue("postgresql_url"),
        lambda: RedisBus(redis_url, key=b"k" * 32, namespace=namespace),
    ) as one:
        yield one


@pytest.fixture
async def embedded(sqlite_url: str) -> AsyncIterator[Service]:
    """Give a service over SQLite and the memory bus, where engine and bus are not the point."""
    exchange = MemoryExchange()
    async with _service(sqlite_url, lambda: MemoryBus(exchange)) as one:
        yield one


@asynccontextmanager
async def _service(url: str, make_bus: Callable[[], Bus]) -> AsyncIterator[Service]:
    await migrate(url)
    store = await open_store(StoreSettings(url, deadline_s=60.0))  # the machine may be busy
    one = Service(store, FakeClock(), Limits(), make_bus)
    try:
        yield one
    finally:
        for client in one.clients:
            await client.close()
        for replica in one.replicas:
            await replica.stop()
        await store.aclose()
