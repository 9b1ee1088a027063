"""What waits for Redis is bounded, in messages and in bytes."""

from __future__ import annotations

from realtime.clock import SystemClock
from realtime.redis_link import open_pool
from realtime.redis_publisher import RedisPublisher
from tests.servers.ports import free_port

MIB = 1024 * 1024


def _publisher(limit: int = 10_000) -> RedisPublisher:
    """Make one whose connection takes nothing for now."""
    made = RedisPublisher(open_pool(f"redis://127.0.0.1:{free_port()}/0"), SystemClock(), limit)
    made._connected = True
    return made


def test_too_many_messages_are_dropped() -> None:
    """Whoever hands one over learns of it."""
    publisher = _publisher(limit=3)
    assert [publisher.put("c", b"x") for _ in range(5)] == [True] * 3 + [False] * 2
    assert publisher.dropped == 2


def test_too_many_bytes_are_dropped() -> None:
    """However few messages they are; a small one still fits in."""
    publisher = _publisher()
    assert [publisher.put("c", b"x" * MIB * 10) for _ in range(4)] == [True] * 3 + [False]
    assert publisher.put("c", b"x")


def test_without_a_connection_everything_is_dropped() -> None:
    """A late message is worth nothing."""
    publisher = _publisher()
    publisher._connected = False
    assert not publisher.put("c", b"x")
