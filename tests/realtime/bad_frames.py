"""What a hostile or broken peer may send over an open WebSocket, and how that must end."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

from tests.servers.raw_websocket import CLOSE, CONT, PING, PONG, TEXT, frame

__all__ = ["BAD_INPUT", "FIRST", "OTHER", "WHOLE", "BadInput"]

KIB = 1024
FIRST = 64 * KIB
"""The longest message before connect."""
WHOLE = 256 * KIB
"""The longest message after it."""
OTHER = "<another person's token>"
"""Stands in ``says`` for an access token of somebody else."""

_BINARY = 0x2
_MANY = 100_000


@dataclass(frozen=True)
class BadInput:
    """Hold one kind of bad input.

    ``sends`` are bytes, sent as they are, again and again if it is ``endless``; ``says`` are whole
    messages, sent instead. ``connected``: a connect that was answered comes before. The answer is a
    close frame with ``code``. ``holds``: how much memory, in bytes, one such peer may cost at most.
    ``in_band``: the protocol forbids it and not the framing, so the answer is ours on any server.
    """

    name: str
    code: int
    sends: bytes = b""
    says: tuple[str, ...] = ()
    connected: bool = False
    endless: bool = False
    holds: int = 64 * KIB
    in_band: bool = False


def _head(first: int, length: int, *, masked: bool = True) -> bytes:
    """Spell the first bytes of a frame whose payload never comes."""
    return struct.pack("!BBQ", first, (0x80 if masked else 0) | 127, length) + b"\0\0\0\0"


def _parts(*payloads: bytes, first: int = TEXT) -> bytes:
    """Spell one message in several frames."""
    last = len(payloads) - 1
    return b"".join(
        frame(first if number == 0 else CONT, payload, fin=number == last)
        for number, payload in enumerate(payloads)
    )


def _goodbye(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def _command(name: str, **body: object) -> str:
    return json.dumps({"id": 7, name: body})


_NO_FRAMES = (
    *(
        BadInput(f"reserved bit {bit}", 1002, bytes([0x80 | bit | TEXT]) + frame(TEXT, b"{}")[1:])
        for bit in (0x40, 0x20, 0x10)
    ),
    # No compression was agreed on, and this is what a compressed frame looks like.
    BadInput("a compressed frame", 1002, b"\xc1\x87\0\0\0\0\xaa\x56\x4a\x54\xb2\x02\0"),
    *(
        BadInput(f"opcode {opcode:#x}", 1002, frame(opcode, b"?"))
        for opcode in (0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF)
    ),
    BadInput("a frame without a mask", 1002, b"\x81\x02{}"),
    BadInput("a ping without a mask", 1002, b"\x89\x00"),
    BadInput("a ping of 126 bytes", 1002, frame(PING, b"?" * 126)),
    BadInput("a pong of 60,000 bytes", 1002, frame(PONG, b"?" * 60_000)),
    BadInput("a ping in parts", 1002, frame(PING, b"?", fin=False) + frame(CONT, b"?")),
    BadInput("a close in parts", 1002, frame(CLOSE, b"\x03\xe8", fin=False) + frame(CONT)),
    BadInput("a continuation of nothing", 1002, frame(CONT, b"{}")),
    BadInput("an unfinished continuation of nothing", 1002, frame(CONT, b"{}", fin=False)),
    BadInput("a continuation after a message", 1002, _parts(b"{", b"}") + frame(CONT, b"{}"),
             connected=True),
    BadInput("a message inside a message", 1002, frame(TEXT, b"{", fin=False) + frame(TEXT, b"}")),
)  # fmt: skip

_BAD_GOODBYES = (
    BadInput("a close of one byte", 1002, frame(CLOSE, b"\x03")),
    BadInput("a close of 126 bytes", 1002, _goodbye(1000, b"x" * 124)),
    *(
        BadInput(f"close code {code}", 1002, _goodbye(code))
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)
    ),
    BadInput("a close reason that is no UTF-8", 1007, _goodbye(1000, b"\xff\xfe")),
)

_NO_TEXT = (
    BadInput("text that is no UTF-8", 1007, frame(TEXT, b"\xff")),
    BadInput("overlong UTF-8", 1007, frame(TEXT, b"\xc0\xaf")),
    BadInput("an encoded surrogate", 1007, frame(TEXT, b"\xed\xa0\x80")),
    BadInput("a code point beyond the last", 1007, frame(TEXT, b"\xf4\x90\x80\x80")),
    BadInput("text cut within a character", 1007, frame(TEXT, b"\xe2\x82")),
    BadInput("bad UTF-8 split over frames", 1007, _parts(b"\xe2", b"\x82", b"\x28")),
    BadInput("half a character, then the end", 1007, _parts(b"{\xf0\x9f", b"\x92")),
    BadInput("binary where JSON is spoken", 1003, frame(_BINARY, b"{}"), in_band=True),
    BadInput("binary in parts", 1003, _parts(b"{", b"}", first=_BINARY), in_band=True),
)

_TOO_MUCH = (
    BadInput("a first message too big", 1009, frame(TEXT, b" " * (FIRST + 1)), in_band=True,
             holds=FIRST + 64 * KIB),
    BadInput("a first message too big, in parts", 1009, in_band=True,
             sends=_parts(*[b" " * 4_096] * 16, b" "), holds=FIRST + 64 * KIB),
    BadInput("a message too big", 1009, frame(TEXT, b" " * (WHOLE + 1)), connected=True,
             in_band=True, holds=WHOLE + 64 * KIB),
    BadInput("a message too big, in parts", 1009, connected=True, in_band=True,
             sends=_parts(*[b" " * 8_192] * 32, b" "), holds=WHOLE + 64 * KIB),
    BadInput("a length without end", 1009, _head(0x81, 2**63 - 1)),
    BadInput("a length without end, connected", 1009, _head(0x81, 2**63 - 1), connected=True),
    BadInput("a part of a length without end", 1009, frame(TEXT, b"{", fin=False)
             + _head(0x80, 2**63 - 1)),
    BadInput("a length beyond 63 bits", 1009, _head(0x81, 2**64 - 1)),
    BadInput("fragments of one byte", 1008, frame(TEXT, b"[", fin=False)
             + frame(CONT, b" ", fin=False) * _MANY, holds=KIB * KIB),
    BadInput("empty fragments without end", 1008, frame(TEXT, b"[", fin=False)
             + frame(CONT, fin=False) * 10_000, endless=True, holds=KIB * KIB),
    BadInput("a flood of pings", 3013, frame(PING, b"x" * 125) * 10_000),
    BadInput("pings without end", 3013, frame(PING) * 10_000, endless=True),
    BadInput("a flood of pongs", 3013, frame(PONG, b"x" * 125) * 10_000),
    BadInput("pings within a message", 3013, frame(TEXT, b"[", fin=False) + frame(PING) * 11),
)  # fmt: skip

_OUT_OF_TURN = (
    BadInput("a command before connect", 3501, in_band=True,
             says=(_command("subscribe", channel="all"),)),
    BadInput("a second connect", 3501, connected=True, in_band=True,
             says=(_command("connect", token=OTHER),)),
    BadInput("a forged token", 3500, in_band=True, says=(_command("connect", token="x.y.z"),)),
    BadInput("another person's refresh", 3500, connected=True, in_band=True,
             says=(_command("refresh", token=OTHER),)),
    BadInput("no JSON", 3501, in_band=True, says=("hello",)),
    BadInput("no command", 3501, in_band=True, says=("[1]",)),
    BadInput("nested without end", 3501, in_band=True, says=("[" * 10_000,)),
)  # fmt: skip

BAD_INPUT = (*_NO_FRAMES, *_BAD_GOODBYES, *_NO_TEXT, *_TOO_MUCH, *_OUT_OF_TURN)
