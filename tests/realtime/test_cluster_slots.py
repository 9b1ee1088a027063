"""Who owns a channel in a Redis Cluster, and where a URL says that it is."""

from __future__ import annotations

import pytest

from realtime.cluster_slots import Address, ClusterSlots
from realtime.redis_url import is_cluster, server_urls

LAST = 16_383
ONE, TWO = Address("10.0.0.1", 6379), Address("10.0.0.2", 6380)
REPLY = [
    [0, 8_191, [b"10.0.0.1", 6379, b"id", []], [b"10.0.0.9", 6379, b"replica"]],
    [8_192, LAST, [b"10.0.0.2", 6380, b"id"]],
]


def test_a_channel_belongs_to_the_owner_of_its_slot() -> None:
    """As the cluster specification computes it: CRC16 of the whole name."""
    slots = ClusterSlots.read(REPLY, "asked")
    assert slots.masters == {ONE, TWO}
    assert slots.complete
    assert slots.owner("123456789") == TWO  # slot 12739, the specification's example
    assert slots.owner("foo") == TWO  # 12182
    assert slots.owner("bar") == ONE  # 5061


@pytest.mark.parametrize("name", [b"", None, b"?"])
def test_a_server_without_a_name_is_where_it_was_asked(name: bytes | None) -> None:
    """Servers may be told not to name themselves."""
    slots = ClusterSlots.read([[0, LAST, [name, 7000]]], "asked")
    assert slots.owner("foo") == Address("asked", 7000)


def test_slots_without_an_owner_are_seen() -> None:
    """A cluster that lost a server without a replica is not whole."""
    slots = ClusterSlots.read(REPLY[1:], "asked")
    assert not slots.complete
    assert slots.owner("bar") is None
    assert ClusterSlots().masters == set()
    assert not ClusterSlots().complete


def test_every_server_has_a_channel_of_its_own() -> None:
    """Found by counting, even for the owner of a single slot."""
    narrow = ClusterSlots.read([[0, 0, [b"a", 1]], [1, LAST, [b"b", 2]]], "asked")
    for address in narrow.masters:
        channel = narrow.channel_of(address, "lockstep:beat:me")
        assert channel.startswith("lockstep:beat:me:")
        assert narrow.owner(channel) == address


def test_the_same_owners_are_equal() -> None:
    """So that nothing is done when nothing has changed."""
    assert ClusterSlots.read(REPLY, "x") == ClusterSlots.read(REPLY[::-1], "y")
    assert ClusterSlots.read(REPLY, "x") != ClusterSlots.read(REPLY[1:], "x")


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("redis://h:1/2", ["redis://h:1/2"]),
        ("redis+cluster://h:1", ["redis://h:1"]),
        ("redis+cluster://h:1,g:2", ["redis://h:1", "redis://g:2"]),
        ("rediss+cluster://u:p%40@h:1, g:2/0?ssl_ca_certs=/c", [
            "rediss://u:p%40@h:1?ssl_ca_certs=/c", "rediss://u:p%40@g:2?ssl_ca_certs=/c",
        ]),
    ],
)  # fmt: skip
def test_a_url_names_one_server_or_some_of_a_cluster(url: str, servers: list[str]) -> None:
    """Each with the login and the options of the whole."""
    assert server_urls(url) == servers
    assert is_cluster(url) is ("+cluster" in url)


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://", "redis+cluster://h:1,", "redis+cluster:///0",
        "redis+cluster://h:1,g:x", "redis://h:70000", "redis://h:x",
    ],
)  # fmt: skip
def test_a_url_that_cannot_work_is_refused(url: str) -> None:
    """At the start, not at the first use."""
    with pytest.raises(ValueError, match=r"no name|[Pp]ort"):
        server_urls(url)
