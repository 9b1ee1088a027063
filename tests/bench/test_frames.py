"""The measuring client's frames are those of the protocol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from bench.frames import PING, FrameReader, text_frame

# Around every length at which the header of a frame changes.
_SIZES = st.sampled_from([0, 1, 2, 125, 126, 127, 65_535, 65_536, 70_000])


def _server() -> ServerProtocol:
    return ServerProtocol(state=OPEN)


@given(_SIZES)
def test_a_server_reads_a_frame_of_any_length(size: int) -> None:
    """What the client sends is a text frame that an independent library accepts."""
    server = _server()
    server.receive_data(text_frame(b"x" * size))
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert frame.data == b"x" * size


@given(st.lists(_SIZES.filter(bool), min_size=1, max_size=4), st.data())
def test_messages_come_whole_however_the_bytes_are_cut(
    sizes: list[int], data: st.DataObject
) -> None:
    """A frame cut anywhere, even inside its header, is given once and whole."""
    server = _server()
    for number, size in enumerate(sizes):
        server.send_text(bytes([97 + number]) * size)
    stream = b"".join(server.data_to_send())
    cut = data.draw(st.integers(0, len(stream)))
    reader = FrameReader()
    messages = [*reader.feed(stream[:cut]), *reader.feed(stream[cut:])]
    assert messages == [bytes([97 + number]) * size for number, size in enumerate(sizes)]


def test_messages_that_share_a_frame_are_told_apart() -> None:
    """Messages joined by newlines come one by one."""
    server = _server()
    server.send_text(b'{"id":1}\n{"id":2}')
    assert list(FrameReader().feed(b"".join(server.data_to_send()))) == [b'{"id":1}', b'{"id":2}']


def test_the_ping_is_the_frame_of_an_empty_object() -> None:
    """The constant is what a server sends."""
    server = _server()
    server.send_text(b"{}")
    assert b"".join(server.data_to_send()) == PING


def test_a_close_is_an_error() -> None:
    """A server that closes ends the measurement loudly, with its reason."""
    server = _server()
    server.send_close(3001, "shutdown")
    with pytest.raises(ConnectionError, match="shutdown"):
        list(FrameReader().feed(b"".join(server.data_to_send())))
