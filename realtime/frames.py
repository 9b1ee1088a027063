"""Frame what goes over one WebSocket, and bound what its peer can make us hold (RFC 6455)."""

from __future__ import annotations

import logging
from typing import Final, Protocol

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import SERVER
from websockets.protocol import Protocol as SansIO

from realtime import codes
from realtime.codes import CloseCode

__all__ = ["FrameReader", "Receiver", "close_frame", "framed"]

_SLICE: Final = 512  # bytes parsed before the caps are looked at: 85 of the smallest frames
_WINDOW_S: Final = 1.0
_SPARES: Final = 4  # parsers that wait for the next socket to say something
_TEXT: Final = 0x81  # a whole message in one frame (section 5.2)
_BINARY: Final = 0x82

_log = logging.getLogger("websockets.server")

_spare: list[SansIO] = []


def framed(message: bytes, *, text: bool = True) -> bytes:
    """Put a whole message into one frame of a server, which is not masked (section 5.1)."""
    first = _TEXT if text else _BINARY
    size = len(message)
    if size < 126:
        return bytes((first, size)) + message
    if size < 65_536:
        return b"%c\x7e%b%b" % (first, size.to_bytes(2, "big"), message)
    return b"%c\x7f%b%b" % (first, size.to_bytes(8, "big"), message)


def close_frame(code: CloseCode) -> bytes:
    """Spell a close frame (section 5.5.1)."""
    body = Close(code.code, code.reason).serialize()
    return Frame(Opcode.CLOSE, body).serialize(mask=False)


class Receiver(Protocol):
    """Be told what a peer sent. No method waits."""

    def message(self, data: bytes, *, text: bool) -> None:
        """Take a whole message; text is valid UTF-8."""

    def answer(self, frame: bytes) -> None:
        """Take a frame that answers the peer: a pong, or the echo of its close frame."""

    def closed(self) -> None:
        """Learn that the peer has closed; its close frame was answered if that was due."""

    def broken(self, code: CloseCode) -> None:
        """Learn that the peer broke a rule: nothing of what it sends counts any more."""


class FrameReader:
    """Read one peer's frames.

    ``max_bytes`` bounds a message. A message in more than ``max_fragments`` frames, and more than
    ``max_control_frames`` pings and pongs a second, break a rule: empty fragments and control
    frames are free for their sender, and not for us.

    A parser takes 1,500 bytes and keeps the last message, so who says nothing has none: it is taken
    from the spare ones when bytes come, and goes back there when they ended with a whole message.
    """

    __slots__ = (
        "_controls",
        "_frames",
        "_max_bytes",
        "_over",
        "_parts",
        "_text",
        "_unread",
        "_window_ends",
    )

    max_fragments = 64
    max_control_frames = 10

    def __init__(self, max_bytes: int) -> None:
        self._frames: SansIO | None = None
        self._max_bytes = max_bytes
        self._over = False  # whatever still comes is thrown away
        self._unread = 0  # bytes that came and are in no frame yet
        self._parts: list[bytes] | None = None
        self._text = True
        self._controls = 0
        self._window_ends = 0.0

    def allow(self, max_bytes: int) -> None:
        """Bound messages anew, from the next frame on."""
        self._max_bytes = max_bytes
        if self._frames is not None:
            self._frames.max_message_size = max_bytes

    def receive(self, data: bytes, now: float, receiver: Receiver) -> None:
        """Take what arrived, little by little: a cap counts before the next part is parsed."""
        if len(data) <= _SLICE:
            self._take(data, now, receiver)
        else:
            for start in range(0, len(data), _SLICE):
                if self._over:
                    return
                self._take(data[start : start + _SLICE], now, receiver)
        if not self._unread and self._parts is None and self._frames is not None:
            if len(_spare) < _SPARES:
                _spare.append(self._frames)
            self._frames = None

    def stop(self) -> None:
        """Throw away whatever still comes."""
        self._over = True
        self._frames = None
        self._parts = None

    def _take(self, data: bytes, now: float, receiver: Receiver) -> None:
        if self._over:
            return
        frames = self._frames
        if frames is None:
            frames = self._frames = _spare.pop() if _spare else SansIO(SERVER, logger=_log)
            frames.max_message_size = self._max_bytes
        self._unread += len(data)
        frames.receive_data(data)
        for event in frames.events_received():
            assert isinstance(event, Frame)  # noqa: S101 - an open connection has no other events
            self._unread -= _size(event)
            self._frame(frames, event, now, receiver)
            if self._frames is not frames:  # the peer has said its last
                return
        if frames.parser_exc is not None:
            sent = frames.close_sent
            self._break(CloseCode(sent.code, sent.reason) if sent else codes.BAD_FRAME, receiver)

    def _frame(self, frames: SansIO, frame: Frame, now: float, receiver: Receiver) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._text = opcode is Opcode.TEXT
            if frame.fin:
                self._message(bytes(frame.data), receiver)
            else:
                self._parts = [bytes(frame.data)]
        elif opcode is Opcode.CONT:
            self._part(frame, receiver)
        elif opcode is Opcode.CLOSE:
            answers = b"".join(frames.data_to_send())
            self.stop()
            if answers:
                receiver.answer(answers)
            receiver.closed()
        else:
            self._control(frames.data_to_send(), now, receiver)

    def _part(self, frame: Frame, receiver: Receiver) -> None:
        parts = self._parts or []
        if len(parts) >= self.max_fragments:
            self._break(codes.TOO_MANY_FRAGMENTS, receiver)
            return
        parts.append(bytes(frame.data))
        if frame.fin:
            self._parts = None
            self._message(b"".join(parts), receiver)

    def _message(self, data: bytes, receiver: Receiver) -> None:
        if self._text:
            try:
                data.decode()
            except UnicodeDecodeError:
                self._break(codes.NOT_UTF8, receiver)
                return
        receiver.message(data, text=self._text)

    def _control(self, answers: list[bytes], now: float, receiver: Receiver) -> None:
        if now >= self._window_ends:
            self._window_ends = now + _WINDOW_S
            self._controls = 0
        self._controls += 1
        if self._controls > self.max_control_frames:
            self._break(codes.TOO_MANY_COMMANDS, receiver)
        elif answers:
            receiver.answer(b"".join(answers))

    def _break(self, code: CloseCode, receiver: Receiver) -> None:
        self.stop()
        receiver.broken(code)


def _size(frame: Frame) -> int:
    """Count a client's frame, or less if its length is spelled longer than need be."""
    size = len(frame.data)
    return size + (6 if size < 126 else 8 if size < 65_536 else 14)  # the mask is four of it
