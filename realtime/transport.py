"""Carry connections over sockets of an asyncio server, with no task, queue or timer of their own.

The server's HTTP protocol answers the handshake, and then sets a ``SocketTransport`` as the
protocol of the asyncio transport.
"""

from __future__ import annotations

import asyncio
import time
from socket import SO_SNDBUF, SOL_SOCKET
from typing import TYPE_CHECKING

from realtime import codes
from realtime.frames import FrameReader, close_frame, framed

if TYPE_CHECKING:
    from realtime.codes import CloseCode
    from realtime.connection import Connection
    from realtime.turn import Turn

__all__ = ["SocketTransport"]


class SocketTransport(asyncio.Protocol):
    """Feed frames straight into a connection, and its messages straight into the kernel.

    ``sockets`` is the server's set of open connections. What the kernel does not take stays in the
    connection's outbox, where it is bounded and may be dropped: of what is written, at most
    ``write_buffer_bytes`` and one message wait here.
    """

    __slots__ = (
        "_connection",
        "_dirty",
        "_goodbye",
        "_held_short",
        "_patience",
        "_reader",
        "_said",
        "_sockets",
        "_text",
        "_transport",
        "_turn",
        "full",
    )

    name: str = "websocket"
    write_buffer_bytes: int = 32 * 1024
    """Bytes that the kernel has not taken, above which nothing more is written."""
    kernel_bytes: int = 64 * 1024
    """What the kernel is asked to hold (Linux takes twice as much): it stands before each ping."""
    close_s: float = 5.0
    """Seconds from the peer's goodbye to the abort, if it does not read what is still written."""
    farewell_bytes: int = 1024 * 1024
    """What a peer may still send when we close: four of the longest messages, under way by then."""

    def __init__(
        self, sockets: set[object], turn: Turn, max_bytes: int, *, text: bool = True
    ) -> None:
        self._sockets = sockets
        self._turn = turn
        self._text = text
        self._reader = FrameReader(max_bytes)
        self._dirty = False
        self.full = False
        self._goodbye: CloseCode | None = None
        self._said = False  # our close frame is out: nothing may follow it
        self._held_short = True  # not connected yet, or no more
        self._patience = -1  # bytes that are still thrown away after our close; -1: not closing
        self._transport: asyncio.Transport
        self._connection: Connection

    def begin(self, transport: asyncio.Transport, connection: Connection) -> None:
        """Take a transport over, right after its handshake was answered."""
        self._transport = transport
        self._connection = connection
        self._reader.allow(connection.session.message_bytes)
        self._sockets.add(self)
        # Both marks the same: there is room as soon as the buffer is down to what it may hold.
        transport.set_write_buffer_limits(high=self.write_buffer_bytes, low=self.write_buffer_bytes)
        transport.set_protocol(self)
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, self.kernel_bytes)
        connection.direct = transport.write

    # --- the connection's side (realtime.carrier.Carrier) ------------------------------------

    def wake(self) -> None:
        """Write what waits, at the end of this turn."""
        if not self._dirty:
            self._dirty = True
            self._turn.add(self)

    def close(self, code: CloseCode) -> None:
        """Write what still waits, then the close frame; the connection aborts when it is late."""
        self._goodbye = code
        self._held_short = True
        self._patience = self.farewell_bytes
        self.wake()

    def abort(self) -> None:
        """End the socket now; what waits for the peer is lost."""
        self._transport.abort()

    def pause(self) -> None:
        """Read nothing for now."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    @property
    def unsent(self) -> int:
        """Count the bytes that were written and that the kernel has not taken."""
        return self._transport.get_write_buffer_size()

    # --- writing ----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what waits, as far as there is room (see realtime.turn.Writer)."""
        self._dirty = False
        transport, connection = self._transport, self._connection
        if transport.is_closing():
            return
        while not self.full and (message := connection.take()) is not None:
            transport.write(framed(message, text=self._text))
        if self._goodbye is not None and not connection.outbox:
            self._say_goodbye(self._goodbye)  # room or none: a peer that stopped may read again
        elif self.full:
            connection.blocked()
        else:
            connection.sent()

    def _say_goodbye(self, code: CloseCode) -> None:
        self._goodbye = None
        self._said = True
        transport = self._transport
        transport.write(close_frame(code))
        # Reading on until the peer answers or ends: closing on unread data would reset the
        # connection, and the peer might never see the reason.
        if transport.can_write_eof():
            transport.write_eof()
        transport.resume_reading()

    def pause_writing(self) -> None:
        """Learn that the kernel takes less than it is given."""
        self.full = True
        self._connection.queue()

    def resume_writing(self) -> None:
        """Learn that there is room again."""
        self.full = False
        self.wake()

    # --- reading ----------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take in what arrived."""
        if self._held_short and not self._bears(len(data)):
            return
        self._reader.receive(data, time.monotonic(), self)

    def _bears(self, size: int) -> bool:
        """Tell whether ``size`` bytes more are taken from who is not connected yet, or no more.

        Reading goes on after a close, so that the reason arrives. Whoever sends without end would
        keep a third of a core busy by that, until the close is late.
        """
        if self._patience >= 0:
            self._patience -= size
            if self._patience < 0:
                self.abort()
                return False
        elif self._connection.session.is_open:
            self._held_short = False
            self._reader.allow(self._connection.session.message_bytes)
        return True

    def message(self, data: bytes, *, text: bool) -> None:
        """Take a whole message (see realtime.frames.Receiver)."""
        if text is not self._text:
            self._connection.close(codes.UNSUPPORTED_DATA)
            return
        self._connection.receive(data)

    def answer(self, frame: bytes) -> None:
        """Write a pong, or the echo of a close frame, unless the peer does not read."""
        if not self.full and not self._said:
            self._transport.write(frame)

    def broken(self, code: CloseCode) -> None:
        """Close: the peer broke a rule of the framing."""
        self._connection.close(code)

    def closed(self) -> None:
        """End: the peer said goodbye, or answered ours."""
        self._end()

    def eof_received(self) -> bool:
        """End: the peer sends nothing more, so it has no use for an answer either."""
        self._end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the socket is gone."""
        self._sockets.discard(self)
        self._goodbye = None
        self._connection.lost()

    def _end(self) -> None:
        transport = self._transport
        self._connection.lost()
        if transport.get_write_buffer_size():
            # Rare: it said goodbye without reading. ``close`` alone would wait for it for ever.
            asyncio.get_running_loop().call_later(self.close_s, transport.abort)
        transport.close()

    # --- the server's side ------------------------------------------------------------------------

    def shutdown(self) -> None:
        """End with the server (uvicorn calls this for each of its connections)."""
        self._connection.close(codes.SHUTDOWN)
        self.flush()
        self._transport.close()
