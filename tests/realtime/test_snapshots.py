"""A cached snapshot is valid exactly while its offset is the head, for members alone."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import orjson
import pytest

from realtime import snapshot_cache_redis
from realtime.snapshot_cache import MemorySnapshots, SnapshotCache
from realtime.snapshot_cache_redis import RedisSnapshots
from realtime.snapshots import Snapshots
from store.actor import Actor
from store.engines import StoreSettings
from store.entry import Position
from store.errors import NotFound
from store.store import Store, open_store
from store.todo.commands import ListUpdate, MemberRemove, TodoUpdate
from tests.servers.ports import free_port
from tests.servers.redis import RedisServer
from tests.store.making import make_person, new_list, new_todo

KEY = b"k" * 32


class CountingStore:
    """Pass reads on, and count the snapshots that were built."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.read_log = store.read_log
        self.built = 0

    async def encoded(self, actor: UUID, list_id: UUID) -> tuple[Position, bytes]:
        """Build one."""
        self.built += 1
        return await self._store.encoded(actor, list_id)


@pytest.fixture(params=["memory", "redis", "redis_cluster"])
async def cache(
    request: pytest.FixtureRequest, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SnapshotCache]:
    """Give each kind of cache in turn; on a busy machine Redis may take longer than 0.1 s."""
    monkeypatch.setattr(snapshot_cache_redis, "_WAIT_S", 20.0)
    made: SnapshotCache = MemorySnapshots()
    if request.param != "memory":
        url = request.getfixturevalue(f"{request.param}_url")
        made = RedisSnapshots(url, key=KEY, namespace=namespace)
    yield made
    await made.aclose()


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    """Give a store."""
    opened = await open_store(StoreSettings(sqlite_url, deadline_s=60.0))
    yield opened
    await opened.aclose()


async def large_list(store: Store) -> tuple[Actor, Actor, UUID]:
    """Make a list of two people that is worth caching."""
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    list_id = await new_list(store, ann, bob)
    for number in range(5):
        await new_todo(store, ann, list_id, f"todo {number}", notes="x" * 9_000)
    return ann, bob, list_id


async def test_a_large_snapshot_is_built_once_for_all_members(
    store: Store, cache: SnapshotCache
) -> None:
    """The same bytes serve everyone until the list changes."""
    ann, bob, list_id = await large_list(store)
    counting = CountingStore(store)
    snapshots = Snapshots(counting, cache)
    position, body = await snapshots.get(ann.id, list_id)
    assert await snapshots.get(bob.id, list_id) == (position, body)
    assert counting.built == 1
    assert body is not None
    assert orjson.loads(body) == (await store.snapshot(bob.id, list_id)).as_json()

    await store.commit(ann, ListUpdate(list_id=list_id, changes={"title": "new"}))
    later, changed = await snapshots.get(bob.id, list_id)
    assert (later.offset, counting.built) == (position.offset + 1, 2)
    assert changed is not None
    assert orjson.loads(changed)["list"]["title"] == "new"


async def test_a_caller_who_has_the_current_one_gets_no_body(
    store: Store, cache: SnapshotCache
) -> None:
    """Asking again costs one row."""
    ann, _, list_id = await large_list(store)
    counting = CountingStore(store)
    snapshots = Snapshots(counting, cache)
    position, _ = await snapshots.get(ann.id, list_id)
    assert await snapshots.get(ann.id, list_id, position.etag) == (position, None)
    assert counting.built == 1


async def test_a_cached_snapshot_is_not_for_strangers(store: Store, cache: SnapshotCache) -> None:
    """A removed member and a stranger get nothing, however warm the cache is."""
    ann, bob, list_id = await large_list(store)
    snapshots = Snapshots(store, cache)
    await snapshots.get(bob.id, list_id)
    await store.commit(ann, MemberRemove(list_id=list_id, username="bob"))
    await snapshots.get(ann.id, list_id)
    for stranger in (bob.id, uuid4()):
        with pytest.raises(NotFound):
            await snapshots.get(stranger, list_id)


async def test_a_list_that_shrank_is_no_longer_cached(store: Store, cache: SnapshotCache) -> None:
    """Small ones are built each time, in one read."""
    ann, _, list_id = await large_list(store)
    snapshots = Snapshots(store, cache)
    await snapshots.get(ann.id, list_id)
    for todo in (await store.snapshot(ann.id, list_id)).todos:
        await store.commit(ann, TodoUpdate(todo_id=todo.id, changes={"notes": ""}))
    await snapshots.get(ann.id, list_id)
    _, body = await snapshots.get(ann.id, list_id)
    assert body is not None
    assert all(todo["notes"] == "" for todo in orjson.loads(body)["todos"])


async def test_what_others_put_into_redis_counts_as_nothing(redis_url: str, namespace: str) -> None:
    """A snapshot counts for its own list and with the replicas' key only."""
    mine = RedisSnapshots(redis_url, key=KEY, namespace=namespace)
    theirs = RedisSnapshots(redis_url, key=b"o" * 32, namespace=namespace)
    list_id, other = uuid4(), uuid4()
    await mine.put(list_id, Position("e", 3), b"{}")
    assert await mine.get(list_id) == (Position("e", 3), b"{}")
    await theirs.put(list_id, Position("e", 3), b"forged")
    assert await mine.get(list_id) is None
    await mine.put(list_id, Position("e", 3), b"{}")
    kept = await mine._redis.get(mine._name(list_id))
    await mine._redis.set(mine._name(other), kept)
    assert await mine.get(other) is None
    await mine._redis.set(mine._name(other), b"short")
    assert await mine.get(other) is None
    await mine.aclose()
    await theirs.aclose()


async def test_a_frozen_redis_counts_as_empty_and_is_not_asked_again_at_once(
    own_redis: RedisServer,
) -> None:
    """Nobody waits for it longer than a tenth of a second, and the next not at all."""
    cache = RedisSnapshots(own_redis.url(0), key=KEY)
    list_id = uuid4()
    await cache.put(list_id, Position("e", 1), b"{}")
    assert own_redis.process is not None
    own_redis.process.pause()
    try:
        assert await cache.get(list_id) is None
        started = time.process_time()
        for _ in range(100):
            assert await cache.get(list_id) is None
        assert time.process_time() - started < 1
    finally:
        own_redis.process.resume()
        await cache.aclose()


@pytest.mark.parametrize("scheme", ["redis", "redis+cluster"])
async def test_a_redis_that_is_gone_counts_as_empty(scheme: str) -> None:
    """One server or a cluster, of which nobody answers: a snapshot is read, not refused."""
    cache = RedisSnapshots(f"{scheme}://127.0.0.1:{free_port()}", key=KEY)
    list_id = uuid4()
    await cache.put(list_id, Position("e", 1), b"{}")
    cache._trust_from = 0.0
    assert await cache.get(list_id) is None
    await cache.aclose()


async def test_the_memory_cache_is_bounded_in_bytes() -> None:
    """The least recently used go first; one that is too large alone is not kept."""
    cache = MemorySnapshots(size=100)
    first, second, third, huge = (uuid4() for _ in range(4))
    await cache.put(first, Position("e", 1), b"x" * 40)
    await cache.put(second, Position("e", 1), b"x" * 40)
    await cache.get(first)
    await cache.put(third, Position("e", 1), b"x" * 40)
    await cache.put(huge, Position("e", 1), b"x" * 101)
    assert await cache.get(second) is None
    assert await cache.get(huge) is None
    assert await cache.get(first) is not None
    assert await cache.get(third) is not None
