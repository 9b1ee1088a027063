"""Read frames in whatever pieces they come, and hold nothing for who says nothing."""

from __future__ import annotations

import gc
import random
import struct

from hypothesis import given
from hypothesis import strategies as st

from realtime import codes
from realtime.codes import CloseCode
from realtime.frames import FrameReader
from tests.servers.raw_websocket import CONT, PING, PONG, TEXT, frame


class _Heard:
    """Note what a peer said."""

    def __init__(self, max_bytes: int = 100_000) -> None:
        self.reader = FrameReader(max_bytes)
        self.messages: list[bytes] = []
        self.answers: list[bytes] = []
        self.codes: list[CloseCode] = []

    def say(self, data: bytes) -> None:
        """Let a piece arrive."""
        self.reader.receive(data, 0.0, self)

    def message(self, data: bytes, *, text: bool) -> None:
        """Take a message."""
        assert text
        self.messages.append(data)

    def answer(self, frame: bytes) -> None:
        """Take an answer to the peer."""
        self.answers.append(frame)

    def closed(self) -> None:
        """Never hear a goodbye."""
        raise AssertionError("nobody said goodbye")

    def broken(self, code: CloseCode) -> None:
        """Take note of a broken rule."""
        self.codes.append(code)


def _long(payload: bytes) -> bytes:
    """Spell a length in more bytes than it needs, which is forbidden and read all the same."""
    return bytes([0x80 | TEXT, 0x80 | 126]) + struct.pack("!H", len(payload)) + bytes(4) + payload


_SAID = st.lists(
    st.tuples(
        st.sampled_from(["whole", "parts", "ping", "pong", "long"]),
        st.sampled_from([0, 1, 124, 125, 126, 127, 4_095, 65_535, 65_536]),
    ),
    max_size=6,
)


def _spell(said: list[tuple[str, int]]) -> tuple[bytes, list[bytes]]:
    """Give the bytes of what is said, and the messages in it."""
    sent, messages = b"", []
    for number, (kind, size) in enumerate(said):
        payload = bytes([97 + number]) * size
        if kind == "ping":
            sent += frame(PING, payload[:125])
            continue
        if kind == "pong":
            sent += frame(PONG, payload[:125])
            continue
        messages.append(payload)
        if kind == "whole":
            sent += frame(TEXT, payload)
        elif kind == "parts":
            sent += frame(TEXT, payload[:7], fin=False) + frame(CONT, payload[7:])
        else:
            payload = messages[-1] = payload[:65_535]
            sent += _long(payload)
    return sent, messages


@given(st.lists(_SAID, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_peers_are_read_apart_however_their_bytes_come(
    peers: list[list[tuple[str, int]]], chance: random.Random
) -> None:
    """Pieces of several peers come in turn; each is heard as if it were alone."""
    heard = [_Heard() for _ in peers]
    spelled = [_spell(said) for said in peers]
    rest = {number: sent for number, (sent, _) in enumerate(spelled) if sent}
    while rest:
        number = chance.choice(list(rest))
        size = chance.choice([1, 2, 5, 6, 7, 131, 5_000, 70_000])
        heard[number].say(rest[number][:size])
        rest[number] = rest[number][size:]
        if not rest[number]:
            del rest[number]
    for one, (_, messages), said in zip(heard, spelled, peers, strict=True):
        assert one.messages == messages
        pings = [min(size, 125) for kind, size in said if kind == "ping"]
        assert len(b"".join(one.answers)) == sum(pings) + 2 * len(pings)
        assert not one.codes


def test_each_peer_has_a_bound_of_its_own() -> None:
    """What one may send is no measure for the next, who is read by the same parser."""
    large, small = _Heard(max_bytes=50), _Heard(max_bytes=10)
    for _ in range(3):
        large.say(frame(TEXT, b"x" * 50))
    small.say(frame(TEXT, b"x" * 10))
    small.say(frame(TEXT, b"x" * 11))
    small.say(frame(TEXT, b"x"))
    large.say(frame(TEXT, b"x" * 50))
    assert [len(message) for message in large.messages] == [50] * 4
    assert [len(message) for message in small.messages] == [10]
    assert [code.code for code in small.codes] == [codes.TOO_BIG.code]


def test_who_has_said_everything_holds_no_parser() -> None:
    """Not even after messages in pieces; who stopped in the middle of one keeps it."""
    heard = _Heard()
    sent, _ = _spell([("whole", 600), ("parts", 65_536), ("ping", 3)])
    for start in range(0, len(sent), 1_000):
        heard.say(sent[start : start + 1_000])
    assert len(heard.messages) == 2
    assert not any(gc.is_tracked(held) for held in _held_by(heard.reader))
    heard.say(sent[:1])
    assert any(gc.is_tracked(held) for held in _held_by(heard.reader))


def _held_by(reader: FrameReader) -> list[object]:
    return [held for held in gc.get_referents(reader) if held is not FrameReader]
