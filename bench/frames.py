"""WebSocket frames (RFC 6455 section 5), read and made as cheaply as Python allows.

A measuring client shares the machine with what it measures, so it does the least: text frames
only, no fragments, no extensions. The handshake is left to the `websockets` library.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["PING", "FrameReader", "text_frame"]

PING = b"\x81\x02{}"
"""The server's ping of the protocol, as it comes in: an empty object in a text frame."""

# An all-zero masking key is a legal one, and leaves the payload as it is. The server unmasks with
# it like with any other.
_KEY = b"\0\0\0\0"


def text_frame(payload: bytes) -> bytes:
    """Make one masked text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size)) + _KEY + payload
    if size < 65_536:
        return bytes((0x81, 0xFE)) + size.to_bytes(2, "big") + _KEY + payload
    return bytes((0x81, 0xFF)) + size.to_bytes(8, "big") + _KEY + payload


class FrameReader:
    """Cut a stream of bytes into the messages of the protocol, one JSON text each."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give each message that is now whole; raises ConnectionError when the server closes."""
        data = self._held + data if self._held else data
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if end - start < size or end < start:
                break
            payload, kind, at = data[start : start + size], data[at], start + size
            if kind != 0x81:
                raise ConnectionError(f"frame {kind:#x}: {payload[2:].decode(errors='replace')}")
            yield from payload.split(b"\n")
        self._held = data[at:]
