"""Open every part of one server process in order, and close them in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import structlog
from sqlalchemy.exc import DBAPIError

from http_api.graph_parts import keep_up, open_graph
from http_api.housekeeping import Housekeeping
from http_api.identity import open_identity
from http_api.inboxes import Inboxes
from http_api.metrics import Metrics
from http_api.origins import OriginPolicy
from http_api.pools import pools_of
from http_api.schema import REVISIONS, schema_revision
from http_api.services import Services
from http_api.unreachable import LOOKS_CLOSER, why_unreachable
from http_api.work import Work
from realtime.bus import Appended, BusMessage, Grown
from realtime.bus_memory import MemoryBus
from realtime.clock import SystemClock
from realtime.limits import Limits
from realtime.replica import Replica
from realtime.snapshot_cache import MemorySnapshots
from realtime.snapshots import Snapshots
from store.errors import Unavailable
from store.graph.advisor import Advisor
from store.graph.graph_memory import MemoryGraph
from store.graph.on_demand import OnDemand
from store.graph.projector import PIECES, Projector
from store.graph.source import GraphSource
from store.invites import Invites
from store.keys import derive_key
from store.leases import Leases
from store.log_id import LogId
from store.migrate import migrate
from store.roles import UnboundRoleError
from store.store import open_store

if TYPE_CHECKING:
    from http_api.http_counts import HttpCounts
    from http_api.settings import Settings
    from http_api.worker_pages import WorkerPages
    from realtime.bus import Bus
    from realtime.snapshot_cache import SnapshotCache
    from store.entry import Entry
    from store.store import Store

__all__ = ["StartError", "open_parts", "open_ready_store", "open_worker"]

log = structlog.get_logger("lockstep.start")

# SQLSTATEs: the password is wrong, the login is not allowed, there is no such database.
_NOT_LET_IN: Final = frozenset({"28P01", "28000", "3D000"})
_PATIENCE_S: Final = 30.0  # everything may be starting at once: the database comes up beside us
_RETRY_S: Final = 0.5


class StartError(Exception):
    """Stop the start with a sentence that says what to do."""


@asynccontextmanager
async def open_parts(
    settings: Settings, counts: HttpCounts, pages: WorkerPages | None = None
) -> AsyncIterator[Services]:
    """Open store, bus and replica; embedded, the schema is brought up to date first.

    ``counts`` are those of the requests; ``pages``: of the processes that share the port, if any.
    Raises StartError or SettingsError, with a sentence for the operator.
    """
    async with AsyncExitStack() as stack:
        secret = settings.secret
        store = await open_ready_store(settings)
        stack.push_async_callback(store.aclose)
        bus = _open_bus(settings, secret)
        stack.push_async_callback(bus.aclose)
        cache = _open_cache(settings, secret)
        stack.push_async_callback(cache.aclose)
        identity = stack.enter_context(open_identity(store, settings))
        authenticate = identity.tokens.authenticate
        graph = await stack.enter_async_context(open_graph(settings, asked_of=store.epoch))
        source = GraphSource(store)
        demand = OnDemand(source, graph) if isinstance(graph, MemoryGraph) else None
        # With PostgreSQL, workers keep Neo4j up; with SQLite there is only this process.
        projector: Projector | None = None
        if demand is None and not settings.production:
            # Through connections of its own, which wait longer than people do.
            written = await stack.enter_async_context(open_graph(settings))
            projector = Projector(source, written)
        replica = Replica(
            store,
            bus,
            authenticate,
            Limits(token_life_s=settings.access_ttl_s + 60.0),
            grown=None if projector is None else projector.wake,
        )
        stack.push_async_callback(replica.stop)
        await replica.start()
        if projector is not None:
            await stack.enter_async_context(keep_up(projector))
        if not settings.production:
            stack.enter_context(_keeping_house(store, replica.announce))
        metrics = Metrics(
            replica,
            counts,
            projector=projector,
            breaker=getattr(graph, "breaker", None),  # only Neo4j may be away
            pages=pages,
        )
        stack.enter_context(metrics.shown())
        yield Services(
            settings=settings,
            store=store,
            replica=replica,
            authenticate=authenticate,
            origins=OriginPolicy.of(settings.allowed_origins),
            inboxes=Inboxes(identity.accounts),
            identity=identity,
            invites=Invites(store, derive_key(secret, "lockstep invitation token HMAC-SHA256")),
            snapshots=Snapshots(store, cache),
            advisor=Advisor(graph, store, prepare=None if demand is None else demand.prepare),
            metrics=metrics,
        )


@asynccontextmanager
async def open_worker(settings: Settings) -> AsyncIterator[Work]:
    """Open what `lockstep worker` does, with the store, the bus and the graph that it needs.

    Raises StartError or SettingsError, with a sentence for the operator.
    """
    async with AsyncExitStack() as stack:
        store = await open_ready_store(settings)
        stack.push_async_callback(store.aclose)
        bus = _open_bus(settings, settings.secret)
        stack.push_async_callback(bus.aclose)
        name = str(uuid4())
        projector: Projector | None = None
        if settings.neo4j_url is not None:
            graph = await stack.enter_async_context(open_graph(settings))
            share = Leases(store.database, "graph", PIECES, name)
            projector = Projector(GraphSource(store), graph, share)

        def heard(_log: LogId, _replica: str, message: BusMessage) -> None:
            if projector is not None and isinstance(message, Grown):
                projector.wake(message.heads)

        await bus.start(name, heard, _nothing_to_restore)
        await bus.subscribe(LogId.LISTS)

        def announce(entries: Iterable[Entry]) -> None:
            for entry in entries:
                bus.publish(entry.log, Appended(store.epoch, entry))

        yield Work(Housekeeping(store, announce, SystemClock()), projector)


async def _nothing_to_restore() -> None:
    """Restore nothing: a worker follows no log."""


@contextmanager
def _keeping_house(
    store: Store, announce: Callable[[Iterable[Entry]], None]
) -> Iterator[asyncio.Task[None]]:
    task = asyncio.create_task(Housekeeping(store, announce, SystemClock()).run())
    try:
        yield task
    finally:
        task.cancel()


async def open_ready_store(settings: Settings) -> Store:
    """Open the store on the schema this code needs; wait a while for a PostgreSQL that starts.

    Raises StartError.
    """
    until = asyncio.get_running_loop().time() + _PATIENCE_S
    if not settings.production:
        try:
            await migrate(settings.migrate_database)
        except (OSError, DBAPIError) as error:
            raise StartError(why_unreachable(settings, error)) from error
    pools = pools_of(settings)
    store: Store | None = None
    waited = False
    while store is None:
        try:
            store = await open_store(pools)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in _NOT_LET_IN:
                raise StartError(why_unreachable(settings, error)) from error
            # The roles or the tables are missing: it was never migrated.
            raise StartError(f"{_not_migrated(settings, None)} {LOOKS_CLOSER}") from error
        except UnboundRoleError as error:
            raise StartError(f"{error} {LOOKS_CLOSER}") from error
        except (Unavailable, OSError) as error:
            if asyncio.get_running_loop().time() > until:
                raise StartError(
                    f"{settings.database_shown} does not answer; start it, or mend "
                    f"LOCKSTEP_DATABASE_URL. {LOOKS_CLOSER}"
                ) from error
            if not waited:
                log.info("waiting_for_database", database=settings.database_shown)
                waited = True
            await asyncio.sleep(_RETRY_S)
    found = await schema_revision(store)
    if not REVISIONS.suffices(found):
        await store.aclose()
        raise _not_migrated(settings, found)
    return store


def _not_migrated(settings: Settings, found: str | None) -> StartError:
    return StartError(
        f"{settings.database_shown} is at revision {found or 'none'}, this version needs "
        f"{REVISIONS.needed}: run `lockstep migrate`."
    )


def _open_bus(settings: Settings, secret: bytes) -> Bus:
    if settings.redis_url is None:
        return MemoryBus()
    # Here, because the client takes 0.1 s to import and the embedded default has no use for it.
    from realtime.bus_redis import RedisBus  # noqa: PLC0415

    return RedisBus(
        settings.redis_url.get_secret_value(),
        key=derive_key(secret, "lockstep bus HMAC-SHA256"),
        namespace=settings.namespace,
    )


def _open_cache(settings: Settings, secret: bytes) -> SnapshotCache:
    if settings.redis_url is None:
        return MemorySnapshots()
    from realtime.snapshot_cache_redis import RedisSnapshots  # noqa: PLC0415 - as above

    return RedisSnapshots(
        settings.redis_url.get_secret_value(),
        key=derive_key(secret, "lockstep snapshot HMAC-SHA256"),
        namespace=settings.namespace,
    )
