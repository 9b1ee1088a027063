"""Bus messages as bytes."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.bus import (
    Appended,
    BusMessage,
    Grown,
    Hint,
    PresenceAsked,
    PresenceDigest,
    Signalled,
)
from realtime.bus_message import decode, encode, seal, unseal
from realtime.presence import ClientInfo
from tests.realtime.makers import LOG, entry

KEY = b"k" * 32
CHANNEL = "lockstep:list:x"
MESSAGES: list[BusMessage] = [
    Appended("e", entry(7, "member.removed", uuid4())),
    Signalled(b'{"detail":"\\n"}', ClientInfo("c", "u", "line\nbreak")),
    PresenceDigest(3, (ClientInfo("c", "u", "ann"),)),
    PresenceAsked(),
    Grown(((uuid4(), 3), (uuid4(), 2**53 - 1))),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: type(one).__name__)
def test_what_was_spelled_is_read_back(message: BusMessage) -> None:
    """With its sender."""
    assert decode(KEY, LOG, CHANNEL, encode(KEY, CHANNEL, "r1", message)) == ("r1", message)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: type(one).__name__)
def test_every_flipped_bit_makes_it_a_hint(message: BusMessage) -> None:
    """Nothing of a message without a good MAC is believed, and nothing of it raises."""
    payload = encode(KEY, CHANNEL, "r1", message)
    for place in range(len(payload) * 8):
        forged = bytearray(payload)
        forged[place // 8] ^= 1 << place % 8
        assert decode(KEY, LOG, CHANNEL, bytes(forged)) == ("", Hint())


def test_a_message_counts_for_its_channel_and_key_only() -> None:
    """It cannot be replayed elsewhere."""
    payload = encode(KEY, CHANNEL, "r1", MESSAGES[0])
    assert decode(KEY, LOG, CHANNEL + "y", payload) == ("", Hint())
    assert decode(b"other" * 7, LOG, CHANNEL, payload) == ("", Hint())


@given(st.binary(max_size=200))
def test_any_bytes_are_at_most_a_hint(payload: bytes) -> None:
    """Whatever somebody publishes."""
    assert decode(KEY, LOG, CHANNEL, payload) == ("", Hint())


def test_a_kind_of_a_newer_replica_is_a_hint() -> None:
    """Old and new run side by side during a deploy."""
    payload = encode(KEY, CHANNEL, "r1", Hint())
    assert decode(KEY, LOG, CHANNEL, payload) == ("r1", Hint())


@given(st.binary(max_size=200))
def test_what_was_sealed_is_unsealed_by_the_same_key_on_the_same_channel(body: bytes) -> None:
    """And by no other."""
    sealed = seal(KEY, CHANNEL, body)
    assert unseal(KEY, CHANNEL, sealed) == body
    assert unseal(KEY, CHANNEL + "y", sealed) is None
    assert unseal(b"other" * 7, CHANNEL, sealed) is None
    assert unseal(KEY, CHANNEL, sealed + b"x") is None
    assert unseal(KEY, CHANNEL, body) is None
